"""Reading the steps that a driver recorded (`drivers/transcript.py`)."""


def done(step, status):
    """The client's value of a step that succeeded with `status`."""
    assert step.get("status") == status and "value" in step, step
    return step["value"]


def on_the_wire(step, status):
    """The JSON body of a step that succeeded with `status`, with the fields that its client drops too."""
    done(step, status)
    return step["body"]


def refused(step, status):
    """The sentence of a step that ended with `status`, as the client's user reads it."""
    assert step.get("status") == status and "error" in step, step
    assert "ApiException" in step["error"], step
    assert isinstance(step["message"], str) and step["message"], step
    assert step["message"] in step["text"], step
    assert not step["message"].startswith("{"), f"the client showed the raw body: {step}"
    return step["message"]
