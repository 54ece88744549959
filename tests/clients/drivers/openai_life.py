"""An app on OpenAI's client, as its user writes it: the transcript of what the app saw, call by call.

Plan: `base_url`, `token` and `bad_token`; the ids of models: `planned` and `foreign`, which answer, `endless`, which never ends, and
`broken`, by what they do. Each call that leaves a record sends the name of its step, by which the test finds it.
"""

import asyncio
import json
import sys
import traceback

import openai

MESSAGES = [{"role": "system", "content": "You are a parrot."}, {"role": "user", "content": "good morning to you"}]


class Steps(dict):
    """What happened at each step; printed when the `with` block ends."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        json.dump({"steps": self}, sys.stdout)

    def take(self, step, action):
        """Records what `action` makes of the extra arguments of its call, or what the client raises."""
        try:
            self[step] = {"value": action({"extra_body": {"step": step}})}
        except openai.APIStatusError as error:
            self[step] = {**raised(error), "status": error.status_code, "request_id": error.request_id,
                          "should_retry": error.response.headers.get("x-should-retry")}
        except openai.APIError as error:
            self[step] = raised(error)
        except Exception:
            self[step] = {"failed_in_client": traceback.format_exc()}


def raised(error):
    return {"error": type(error).__name__, "message": error.message, "body": error.body, "code": error.code, "param": error.param}


def main():
    plan = json.load(sys.stdin)
    client = openai.OpenAI(base_url=plan["base_url"], api_key=plan["token"])
    with Steps() as steps:
        steps.take("models", lambda _: [model.to_dict() for model in client.models.list()])
        for name in ("planned", "foreign"):
            answers(steps, client, name, plan[name])
        steps.take("async", lambda more: asyncio.run(asynchronous(plan, more)))
        old = client.completions
        steps.take("completion", lambda more: old.create(model=plan["planned"], prompt="good night", **more).to_dict())
        streams = {"model": plan["planned"], "prompt": "good night", "stream": True}
        steps.take("streamed completion", lambda more: [
            choice.text for chunk in old.create(**streams, **more) for choice in chunk.choices])
        steps.take("left", lambda more: left(client.chat.completions.create(model=plan["endless"], messages=MESSAGES, stream=True, **more)))
        refusals(steps, client, plan)
        replays(steps, client, plan["planned"])


def answers(steps, client, name, model):
    """What each upstream answers alike."""
    chat = client.chat.completions
    steps.take(f"{name} chat", lambda more: chat.create(model=model, messages=MESSAGES, **more).to_dict())
    steps.take(f"{name} stream", lambda more: streamed(chat.create(model=model, messages=MESSAGES, stream=True, **more)))
    usage = {"stream": True, "stream_options": {"include_usage": True}}
    steps.take(f"{name} stream with usage", lambda more: streamed(chat.create(model=model, messages=MESSAGES, **usage, **more)))
    texts = ["good", "morning"]
    steps.take(f"{name} embeddings", lambda more: client.embeddings.create(model=model, input=texts, **more).to_dict())

    def response(more):
        made = client.responses.create(model=model, input="good morning", **more)
        return {"text": made.output_text, "usage": made.usage.to_dict()}

    def streamed_response(more):
        events = list(client.responses.create(model=model, input="good morning", stream=True, **more))
        text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
        return {"text": text, "last": events[-1].type, "whole": events[-1].response.output_text}

    steps.take(f"{name} response", response)
    steps.take(f"{name} streamed response", streamed_response)


def streamed(chunks, pieces=None):
    """What a stream of chunks says."""
    pieces = [] if pieces is None else pieces
    reason = usage = None
    for chunk in chunks:
        if chunk.choices:
            pieces.append(chunk.choices[0].delta.content or "")
            reason = chunk.choices[0].finish_reason or reason
        usage = chunk.usage or usage
    return {"pieces": [piece for piece in pieces if piece], "reason": reason, "usage": usage and usage.to_dict()}


def left(chunks):
    """The first piece of a stream, whose reader leaves it there."""
    with chunks:
        return next(iter(chunks)).choices[0].delta.content


async def asynchronous(plan, more):
    """The same by the client for asyncio, two at once."""
    async with openai.AsyncOpenAI(base_url=plan["base_url"], api_key=plan["token"]) as client:

        async def one():
            chunks = await client.chat.completions.create(model=plan["planned"], messages=MESSAGES, stream=True, **more)
            return [chunk.choices[0].delta.content async for chunk in chunks if chunk.choices[0].delta.content]

        return await asyncio.gather(one(), one())


def refusals(steps, client, plan):
    """What is refused, or fails."""
    broken = plan["broken"]

    def ask(model, client=client, **how):
        return lambda more: client.chat.completions.create(model=model, messages=MESSAGES, **how, **more).to_dict()

    steps.take("unknown model", ask("ubiops-deployment/planned/v1/nobody"))
    steps.take("bad token", ask(plan["planned"], client.with_options(api_key=plan["bad_token"])))
    steps.take("bad body", lambda more: client.embeddings.create(model=["not a text"], input="x", **more).to_dict())
    steps.take("fails", ask(broken["fails"], client.with_options(max_retries=0)))
    steps.take("not reached", ask(broken["not reached"]))
    steps.take("breaks", ask(broken["breaks"]))
    steps.take("busy", ask(broken["busy"]))

    pieces = []

    def broken_off(more):
        return streamed(client.chat.completions.create(model=broken["breaks"], messages=MESSAGES, stream=True, **more), pieces)

    steps.take("stream breaks", broken_off)
    steps["stream breaks"]["pieces"] = pieces


def replays(steps, client, model):
    """The same call twice under a key, whole and as a stream; and another one under it."""
    raw = client.chat.completions.with_raw_response

    def twice(key, say="good morning", **how):
        def action(more):
            messages = [{"role": "user", "content": say}]
            answer = raw.create(model=model, messages=messages, extra_headers={"Idempotency-Key": key}, **how, extra_body={"step": key})
            parsed = answer.parse()
            made = [chunk.to_dict() for chunk in parsed] if how else parsed.to_dict()
            return {"replayed": answer.headers.get("idempotent-replayed"), "made": made, "request_id": answer.headers.get("x-request-id")}

        return action

    for step in ("first", "again"):
        steps.take(step, twice("order-1"))
        steps.take(f"{step} streamed", twice("order-2", stream=True))
    steps.take("another", twice("order-1", say="good evening"))


if __name__ == "__main__":
    main()
