import { JenkinsDouble } from "../doubles/jenkins/double.ts";
import { USERS } from "../doubles/jenkins/users.ts";
import { HttpFront } from "./http-front.ts";

/** One build as Jenkins' API tells it. */
export interface ToldBuild {
  readonly number: number;
  readonly result: string | null;
  readonly building: boolean;
  readonly actions: readonly { readonly parameters?: readonly { readonly name: string; readonly value?: unknown }[] }[];
}

export interface JobOptions {
  /** Declared as strings, with their defaults. KJO_BUILD_ID is not among them by itself. */
  readonly parameters?: Readonly<Record<string, string>>;
  readonly choices?: Readonly<Record<string, readonly string[]>>;
  readonly seconds?: number;
  readonly exit?: number;
  readonly remoteToken?: string;
  readonly isDisabled?: boolean;
  readonly label?: string;
  readonly isConcurrent?: boolean;
}

/**
 * The Jenkins that the suite runs against: the double, or a real one by `JENKINS_URL`, `JENKINS_USER` and `JENKINS_TOKEN`.
 * What the suite does there it does over the API, so that both are alike.
 */
export class Jenkins {
  readonly double: JenkinsDouble | undefined;
  readonly user: string;
  readonly token: string;
  readonly front: HttpFront;
  readonly #url: string;
  /** Jobs of this run, in the order in which they were made. */
  readonly #made: string[] = [];

  private constructor(url: string, user: string, token: string, front: HttpFront, double?: JenkinsDouble) {
    this.#url = url;
    this.user = user;
    this.token = token;
    this.front = front;
    this.double = double;
  }

  static async open(env: NodeJS.ProcessEnv): Promise<Jenkins> {
    const { JENKINS_URL: url, JENKINS_USER: user, JENKINS_TOKEN: token } = env;
    if (url && user && token) return new Jenkins(url.replace(/\/$/, ""), user, token, await HttpFront.start(url));
    const double = await JenkinsDouble.start({ contextPath: "/jenkins", executors: 10 });
    const admin = USERS.find(({ name }) => name === "admin")!;
    return new Jenkins(double.url, admin.name, admin.token, await HttpFront.start(double.url), double);
  }

  /** A freestyle job. */
  async makeJob(fullName: string, options: JobOptions = {}): Promise<void> {
    await this.#make(fullName, freestyle(options));
  }

  /** @returns false where the plugin for it is not there. */
  async makeFolder(fullName: string): Promise<boolean> {
    return this.#tryMake(fullName, "<com.cloudbees.hudson.plugins.folder.Folder/>");
  }

  async makePipeline(fullName: string, script: string, parameters: readonly string[]): Promise<boolean> {
    const definitions = parametersXml(Object.fromEntries(parameters.map((name) => [name, ""])), {});
    return this.#tryMake(
      fullName,
      `<flow-definition>${definitions}<definition class="org.jenkinsci.plugins.workflow.cps.CpsFlowDefinition">` +
        `<script>${escapeXml(script)}</script><sandbox>true</sandbox></definition></flow-definition>`,
    );
  }

  async builds(fullName: string): Promise<ToldBuild[]> {
    const tree = "allBuilds[number,result,building,actions[parameters[name,value]]]";
    const answer = await this.send("GET", `${pathOf(fullName)}/api/json?tree=${encodeURIComponent(tree)}`);
    const { allBuilds } = (await answer.json()) as { allBuilds: ToldBuild[] };
    return allBuilds;
  }

  async queueLength(fullName: string): Promise<number> {
    const answer = await this.send("GET", "/queue/api/json?tree=items[task[url]]");
    const { items } = (await answer.json()) as { items: { task: { url: string } }[] };
    return items.filter(({ task }) => task.url.endsWith(`${pathOf(fullName)}/`)).length;
  }

  async send(method: string, path: string, body?: { type: string; text: string }): Promise<Response> {
    const authorization = `Basic ${Buffer.from(`${this.user}:${this.token}`).toString("base64")}`;
    const headers = { authorization, ...(body ? { "content-type": body.type } : {}) };
    return fetch(this.#url + path, { method, headers, redirect: "manual", ...(body ? { body: body.text } : {}) });
  }

  async close(): Promise<void> {
    for (const name of this.#made.reverse()) await this.send("POST", `${pathOf(name)}/doDelete`);
    await this.front.stop();
    await this.double?.stop();
  }

  async #make(fullName: string, xml: string): Promise<void> {
    const answer = await this.#create(fullName, xml);
    if (answer.status !== 200) throw new Error(`the job ${fullName} was not made: HTTP ${answer.status}`);
    this.#made.push(fullName);
  }

  async #tryMake(fullName: string, xml: string): Promise<boolean> {
    const answer = await this.#create(fullName, xml);
    if (answer.status === 200) this.#made.push(fullName);
    return answer.status === 200;
  }

  #create(fullName: string, xml: string): Promise<Response> {
    const names = fullName.split("/");
    const name = names.pop() ?? "";
    const folder = names.length === 0 ? "" : pathOf(names.join("/"));
    const body = { type: "application/xml", text: xml };
    return this.send("POST", `${folder}/createItem?name=${encodeURIComponent(name)}`, body);
  }
}

export function pathOf(fullName: string): string {
  return fullName
    .split("/")
    .map((name) => `/job/${encodeURIComponent(name)}`)
    .join("");
}

/** The value of a parameter of a build. */
export function parameterOf(build: ToldBuild, name: string): unknown {
  return build.actions.flatMap(({ parameters = [] }) => parameters).find((each) => each.name === name)?.value;
}

function freestyle({ parameters = {}, choices = {}, seconds = 0, exit = 0, ...rest }: JobOptions): string {
  const { remoteToken, isDisabled = false, label, isConcurrent = true } = rest;
  return (
    `<project>${parametersXml(parameters, choices)}` +
    (label === undefined
      ? "<canRoam>true</canRoam>"
      : `<assignedNode>${label}</assignedNode><canRoam>false</canRoam>`) +
    (remoteToken === undefined ? "" : `<authToken>${remoteToken}</authToken>`) +
    `<disabled>${isDisabled}</disabled><concurrentBuild>${isConcurrent}</concurrentBuild>` +
    `<builders><hudson.tasks.Shell><command>sleep ${seconds}; exit ${exit}</command>` +
    (exit === 2 ? "<unstableReturn>2</unstableReturn>" : "") +
    `</hudson.tasks.Shell></builders></project>`
  );
}

function parametersXml(
  texts: Readonly<Record<string, string>>,
  choices: Readonly<Record<string, readonly string[]>>,
): string {
  const definitions = [
    ...Object.entries(texts).map(
      ([name, value]) =>
        `<hudson.model.StringParameterDefinition><name>${name}</name><defaultValue>${escapeXml(value)}</defaultValue>` +
        `</hudson.model.StringParameterDefinition>`,
    ),
    ...Object.entries(choices).map(
      ([name, values]) =>
        `<hudson.model.ChoiceParameterDefinition><name>${name}</name><choices class="java.util.Arrays$ArrayList">` +
        `<a class="string-array">${values.map((value) => `<string>${value}</string>`).join("")}</a></choices>` +
        `</hudson.model.ChoiceParameterDefinition>`,
    ),
  ];
  if (definitions.length === 0) return "";
  return (
    `<properties><hudson.model.ParametersDefinitionProperty><parameterDefinitions>${definitions.join("")}` +
    `</parameterDefinitions></hudson.model.ParametersDefinitionProperty></properties>`
  );
}

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
