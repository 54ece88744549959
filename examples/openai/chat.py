# pip install openai
# OPENAI_BASE_URL=https://<host>/v2.1/projects/<project>/openai-compatible/v1 OPENAI_API_KEY=<token> python chat.py
from openai import OpenAI

client = OpenAI()
model = client.models.list().data[0].id
messages = [{"role": "user", "content": "good morning"}]

for chunk in client.chat.completions.create(model=model, messages=messages, stream=True):
    for choice in chunk.choices:
        print(choice.delta.content or "", end="", flush=True)
print()
