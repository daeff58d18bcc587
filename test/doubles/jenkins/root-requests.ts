import { json, page, redirect, type Answer } from "./answer.ts";
import type { BuildEngine } from "./build-engine.ts";
import { type Job } from "./build-engine.ts";
import type { Clock } from "./clock.ts";
import { ConfigSyntaxError, parseConfig } from "./job.ts";
import { answerJob, lacks, type JenkinsRequest } from "./job-requests.ts";
import { isFolder, Views } from "./views.ts";

/** Everything below Jenkins' root; who asks is settled. */
export function answerRoot(
  engine: BuildEngine,
  clock: Clock,
  path: string,
  request: JenkinsRequest & { body: string },
): Answer {
  engine.settle();
  const { caller, method } = request;
  const views = new Views(engine, clock, request.rootUrl);
  if (path === "whoAmI/api/json") return whoAmI(request);
  const byToken = /^buildByToken\/(build|buildWithParameters)$/.exec(path)?.[1];
  if (byToken !== undefined) return answerToken(engine, views, byToken, request);
  if (!caller.permissions.has("Overall/Read"))
    return caller.name === "anonymous"
      ? page(403, "Authentication required", { "x-you-are-authenticated-as": "anonymous" })
      : lacks(caller, "hudson.model.Hudson.Read");
  const visible = (): Job[] => [...engine.jobs.values()].filter(() => caller.permissions.has("Item/Read"));
  if (path === "api/json") return json(views.root(visible().filter(({ fullName }) => !fullName.includes("/"))));
  if (path === "createItem") return createItem(engine, "", request);
  if (path === "quietDown" || path === "cancelQuietDown") {
    if (method !== "POST") return page(405, "Form post required", { allow: "POST" });
    if (!caller.permissions.has("Admin")) return lacks(caller, "hudson.model.Hudson.Administer");
    engine.isQuietingDown = path === "quietDown";
    return redirect(302, new URL(request.rootUrl).pathname);
  }
  if (path.startsWith("queue/")) return answerQueue(engine, views, path.slice("queue/".length), request);
  return answerPath(engine, views, path, request);
}

function whoAmI({ caller }: JenkinsRequest): Answer {
  if (caller.name !== "anonymous" && !caller.permissions.has("Overall/Read"))
    return lacks(caller, "hudson.model.Hudson.Read");
  const isAnonymous = caller.name === "anonymous";
  return json({ _class: "hudson.security.WhoAmI", anonymous: isAnonymous, authenticated: true, name: caller.name });
}

function answerQueue(
  engine: BuildEngine,
  views: Views,
  path: string,
  { caller, method, fields }: JenkinsRequest,
): Answer {
  const canRead = caller.permissions.has("Item/Read");
  const canDiscover = caller.permissions.has("Item/Discover");
  if (path === "api/json") {
    const items = engine.waiting();
    return json(views.queue(canRead ? items : [], !canRead && canDiscover ? items.length : 0));
  }
  if (path === "cancelItem") {
    if (method !== "POST") return page(405, "Form post required", { allow: "POST" });
    const id = Number(fields.get("id"));
    if (!canRead || !engine.items.has(id)) return page(404, "Not Found");
    if (!caller.permissions.has("Item/Cancel")) return page(422, "Not cancellable");
    return engine.cancel(id) === "cancelled" ? { status: 204 } : page(500, "Queue item has left");
  }
  const id = Number(/^item\/(\d+)\/api\/json$/.exec(path)?.[1] ?? NaN);
  const item = engine.items.get(id);
  if (!item) return page(404, "Not Found");
  if (canRead) return json(views.item(item));
  return page(canDiscover ? 403 : 404, "Not Found");
}

/** By the plugin build-token-root: a job's remote-trigger token is all that is asked for. */
function answerToken(engine: BuildEngine, views: Views, verb: string, request: JenkinsRequest): Answer {
  const { fields, caller } = request;
  const job = engine.jobs.get(fields.get("job") ?? "");
  if (job?.config.remoteToken === undefined) return page(404, "Not Found");
  if (fields.get("token") !== job.config.remoteToken) return page(403, "Invalid token provided.");
  const own = job.config.parameters.length > 0 ? "buildWithParameters" : "build";
  if (verb !== own) return page(400, `Use /buildByToken/${own} for this job`);
  if (job.config.disabled) return page(400, `${job.fullName} is not buildable`);
  const permitted = { ...caller, permissions: new Set([...caller.permissions, "Item/Build" as const]) };
  const answer = answerJob({ engine, views }, job, [], verb, { ...request, caller: permitted });
  const location = answer.headers?.["location"];
  return location === undefined ? answer : redirect(answer.status, new URL(location).pathname);
}

/** `job/a/job/b/build`: the job that the names lead to, and what is asked of it. */
function answerPath(
  engine: BuildEngine,
  views: Views,
  path: string,
  request: JenkinsRequest & { body: string },
): Answer {
  const match = /^((?:job\/[^/]+\/)+)(.*)$/.exec(path);
  if (!match) return page(404, "Not Found");
  const [, jobs = "", verb = ""] = match;
  // A slash in a name would be another name: `%2F` once decoded is not found, `%252F` is a name with `%2F` in it.
  const names = [...jobs.matchAll(/job\/([^/]+)\//g)].map(([, name = ""]) => decodeURIComponent(name));
  if (names.some((name) => name.includes("/"))) return page(404, "Not Found");
  const job = engine.jobs.get(names.join("/"));
  const { permissions } = request.caller;
  if (!job || !(permissions.has("Item/Read") || permissions.has("Item/Discover"))) return page(404, "Not Found");
  if (!permissions.has("Item/Read")) return page(403, "Access denied");
  const isChild = ({ fullName }: Job): boolean =>
    fullName.startsWith(`${job.fullName}/`) && !fullName.slice(job.fullName.length + 1).includes("/");
  if (isFolder(job) && verb === "createItem") return createItem(engine, `${job.fullName}/`, request);
  return answerJob({ engine, views }, job, [...engine.jobs.values()].filter(isChild), verb, request);
}

function createItem(
  engine: BuildEngine,
  folder: string,
  { method, caller, fields, body }: JenkinsRequest & { body: string },
): Answer {
  if (method !== "POST") return page(405, "Form post required", { allow: "POST" });
  if (!caller.permissions.has("Admin")) return lacks(caller, "hudson.model.Item.Create");
  const name = fields.get("name") ?? "";
  if (name === "" || /[/?*#\\[\]<>|:;]/.test(name)) return page(400, "unsafe name");
  const fullName = folder + name;
  if (engine.jobs.has(fullName)) return page(400, `A job already exists with the name ${name}`);
  try {
    engine.jobs.set(fullName, { fullName, config: parseConfig(body), builds: [], next: 1 });
    return { status: 200 };
  } catch (error) {
    if (error instanceof ConfigSyntaxError) return page(500, "java.io.IOException: config.xml");
    throw error;
  }
}
