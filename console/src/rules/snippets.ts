// How a token is used, ready to be pasted. Each holds the token, so they are shown with it and go with it.

import { quoted } from "./commands.ts";

export interface Snippet {
  name: string;
  text: string;
}

export function snippetsOf(origin: string, project: string, deployment: string | null, token: string): Snippet[] {
  if (!deployment) {
    return [
      { name: "curl", text: `curl -sS ${quoted(`${origin}/v2.1/user`)} \\\n  -H 'Authorization: Token ${token}'` },
      { name: "Python", text: python(origin, token, ["api = ubiops.CoreApi(client)", "print(api.projects_list())"]) },
      {
        name: "fetch",
        text: `const response = await fetch(${JSON.stringify(`${origin}/v2.1/user`)}, {\n  headers: { Authorization: ${JSON.stringify(`Token ${token}`)} },\n});\nconsole.log(await response.json());`,
      },
    ];
  }
  const path = `/v2.1/projects/${encodeURIComponent(project)}/deployments/${encodeURIComponent(deployment)}/requests`;
  return [
    {
      name: "curl",
      text: `curl -sS ${quoted(origin + path)} \\\n  -H 'Authorization: Token ${token}' \\\n  -H 'Content-Type: application/json' -d '{}'`,
    },
    {
      name: "Python",
      text: python(origin, token, [
        "api = ubiops.CoreApi(client)",
        `print(api.deployment_requests_create(${JSON.stringify(project)}, ${JSON.stringify(deployment)}, data={}))`,
      ]),
    },
    {
      name: "fetch",
      text: `const response = await fetch(${JSON.stringify(origin + path)}, {\n  method: "POST",\n  headers: { Authorization: ${JSON.stringify(`Token ${token}`)}, "Content-Type": "application/json" },\n  body: JSON.stringify({}),\n});\nconsole.log(await response.json());`,
    },
  ];
}

function python(origin: string, token: string, lines: string[]): string {
  return [
    "import ubiops",
    "",
    `configuration = ubiops.Configuration(host=${JSON.stringify(`${origin}/v2.1`)})`,
    `configuration.api_key["Authorization"] = ${JSON.stringify(`Token ${token}`)}`,
    "client = ubiops.ApiClient(configuration)",
    ...lines,
  ].join("\n");
}
