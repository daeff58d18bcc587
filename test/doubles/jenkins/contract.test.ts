import assert from "node:assert/strict";
import { JenkinsDouble } from "./double.ts";
import { USERS, type Permission } from "./users.ts";

interface Asked {
  readonly method?: "GET" | "POST";
  readonly path: string;
  readonly as?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly form?: Readonly<Record<string, string>>;
}

interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the shape is what is tested
  readonly json: any;
}

const tokenOf = (name: string): string => USERS.find((user) => user.name === name)!.token;
const basic = (name: string, secret: string): string => `Basic ${Buffer.from(`${name}:${secret}`).toString("base64")}`;

const PARAMETERS = `<properties><hudson.model.ParametersDefinitionProperty><parameterDefinitions>
  <hudson.model.StringParameterDefinition><name>IMAGE</name><defaultValue>latest</defaultValue></hudson.model.StringParameterDefinition>
  <hudson.model.ChoiceParameterDefinition><name>ENV</name><choices><a><string>dev</string><string>prod</string></a></choices></hudson.model.ChoiceParameterDefinition>
  <hudson.model.BooleanParameterDefinition><name>DRY</name><defaultValue>true</defaultValue></hudson.model.BooleanParameterDefinition>
</parameterDefinitions></hudson.model.ParametersDefinitionProperty></properties>`;

const JOBS: Readonly<Record<string, string>> = {
  plain: "<project><concurrentBuild>true</concurrentBuild></project>",
  param: `<project>${PARAMETERS}</project>`,
  quiet: "<project><quietPeriod>6</quietPeriod></project>",
  slow: "<project><builders><command>sleep 60</command></builders></project>",
  nowhere: "<project><assignedNode>linux-arm</assignedNode></project>",
  token: "<project><authToken>tok</authToken></project>",
  disabled: "<project><disabled>true</disabled></project>",
  failing: "<project><builders><command>exit 1</command></builders></project>",
  team: "<com.cloudbees.hudson.plugins.folder.Folder/>",
  "team/the app": "<project/>",
  "feature%2Fx": "<project/>",
};

/** What a real Jenkins 2.516 was seen to answer, in our own words. */
describe("doubles/jenkins: answers as Jenkins does", () => {
  let jenkins: JenkinsDouble;

  async function open(options: { contextPath?: string; anonymous?: readonly Permission[] } = {}): Promise<void> {
    await jenkins?.stop();
    jenkins = await JenkinsDouble.start(options);
    for (const [name, xml] of Object.entries(JOBS)) jenkins.createJob(name, xml);
  }

  beforeEach(() => open());
  afterEach(() => jenkins.stop());

  async function ask({ method = "GET", path, as, headers = {}, form }: Asked): Promise<Answered> {
    const answer = await fetch(jenkins.url + path, {
      method,
      redirect: "manual",
      headers: { ...(as === undefined ? {} : { authorization: basic(as, tokenOf(as)) }), ...headers },
      ...(form ? { body: new URLSearchParams(form) } : {}),
    });
    const text = await answer.text();
    const isJson = answer.headers.get("content-type")?.startsWith("application/json") === true;
    return { status: answer.status, headers: answer.headers, text, json: isJson ? JSON.parse(text) : undefined };
  }

  const post = (path: string, over: Partial<Asked> = {}) => ask({ method: "POST", path, as: "admin", ...over });
  const get = (path: string, over: Partial<Asked> = {}) => ask({ path, as: "admin", ...over });
  const itemOf = ({ headers }: Answered): number =>
    Number(/\/queue\/item\/(\d+)\/$/.exec(headers.get("location")!)![1]);

  const statuses: readonly [says: string, asked: Asked, status: number, says?: RegExp][] = [
    ["anonymous may see nothing", { path: "/api/json" }, 403, /Authentication required/],
    ["a wrong token is no user", { path: "/api/json", headers: { authorization: basic("admin", "wrong") } }, 401],
    ["a wrong user is none", { path: "/whoAmI/api/json", headers: { authorization: basic("who", "wrong") } }, 401],
    ["a bearer token is anonymous", { path: "/api/json", headers: { authorization: "Bearer 11aa" } }, 403],
    ["a POST without a crumb, anonymous", { method: "POST", path: "/job/plain/build" }, 403, /No valid crumb/],
    ["nor for a job that is not there", { method: "POST", path: "/job/none/build" }, 403, /No valid crumb/],
    ["a build", { method: "POST", path: "/job/plain/build", as: "admin" }, 201],
    ["a build by GET", { path: "/job/plain/build", as: "admin" }, 405],
    ["a build by GET of a job with parameters", { path: "/job/param/build", as: "admin" }, 405],
    ["a build of a job with parameters", { method: "POST", path: "/job/param/build", as: "admin" }, 400, /Nothing is/],
    [
      "with a query alone",
      { method: "POST", path: "/job/param/build?delay=0sec", as: "admin" },
      400,
      /expects a form submission/,
    ],
    ["with parameters", { method: "POST", path: "/job/param/buildWithParameters", as: "admin" }, 201],
    [
      "with one that the job does not define",
      { method: "POST", path: "/job/param/buildWithParameters?NOPE=1", as: "admin" },
      201,
    ],
    [
      "with a value that is no choice",
      { method: "POST", path: "/job/param/buildWithParameters?ENV=moon", as: "admin" },
      500,
      /Illegal choice for parameter ENV/,
    ],
    [
      "with parameters of a job without",
      { method: "POST", path: "/job/plain/buildWithParameters", as: "admin" },
      500,
      /not parameterized/,
    ],
    ["of a disabled job", { method: "POST", path: "/job/disabled/build", as: "admin" }, 409, /not buildable/],
    ["with a delay that is none", { method: "POST", path: "/job/plain/build?delay=bogus", as: "admin" }, 500],
    ["of no job", { method: "POST", path: "/job/none/build", as: "admin" }, 404],
    ["of a job in a folder", { method: "POST", path: "/job/team/job/the%20app/build", as: "admin" }, 201],
    ["of a branch, encoded twice", { method: "POST", path: "/job/feature%252Fx/build", as: "admin" }, 201],
    ["of a branch, encoded once", { method: "POST", path: "/job/feature%2Fx/build", as: "admin" }, 404],
    ["with the job's token, as reader", { method: "POST", path: "/job/token/build?token=tok", as: "reader" }, 201],
    ["by GET with the job's token", { path: "/job/token/build?token=tok", as: "reader" }, 201],
    ["with a wrong token, even as admin", { method: "POST", path: "/job/token/build?token=no", as: "admin" }, 403],
    ["with a token that the job lacks", { method: "POST", path: "/job/plain/build?token=no", as: "admin" }, 201],
    ["a tree that is none", { path: "/api/json?tree=jobs[name", as: "admin" }, 500],
    ["a build that is not there", { path: "/job/plain/7/api/json", as: "admin" }, 404],
    ["the end of a queue item that never was", { method: "POST", path: "/queue/cancelItem?id=99", as: "admin" }, 404],
    ["stages of what is no Pipeline", { path: "/job/plain/1/wfapi/describe", as: "admin" }, 404],
  ];
  for (const [says, asked, status, message] of statuses) {
    it(`${status}: ${says}`, async () => {
      const answer = await ask(asked);
      assert.equal(answer.status, status, answer.text);
      if (message) assert.match(answer.text, message);
      if (status === 401) assert.match(answer.headers.get("www-authenticate") ?? "", /Basic realm="Jenkins"/);
    });
  }

  const permissions: readonly [user: string, job: number, build: number, item: number, cancel: number][] = [
    ["nobody", 403, 403, 403, 403],
    ["overall", 404, 404, 404, 404],
    ["disco", 403, 403, 403, 404],
    ["reader", 200, 403, 200, 422],
    ["dev", 200, 201, 200, 204],
  ];
  for (const [as, job, build, item, cancel] of permissions) {
    it(`lets ${as} see and do what their permissions say`, async () => {
      const id = itemOf(await post("/job/nowhere/build"));
      assert.equal((await get("/job/plain/api/json", { as })).status, job);
      const built = await post("/job/plain/build", { as });
      assert.equal(built.status, build);
      if (as === "reader") assert.equal(built.headers.get("x-required-permission"), "hudson.model.Item.Build");
      assert.equal((await get(`/queue/item/${id}/api/json`, { as })).status, item);
      assert.equal((await post(`/queue/cancelItem?id=${id}`, { as })).status, cancel);
    });
  }

  it("binds crumbs to the session and the user, and wants none with an API token", async () => {
    const password = (name: string) => ({ authorization: basic(name, `${name}-password`) });
    const issued = await ask({ path: "/crumbIssuer/api/json", headers: password("admin") });
    const { crumb, crumbRequestField } = issued.json as { crumb: string; crumbRequestField: string };
    assert.match(crumb, /^[0-9a-f]{64}$/);
    assert.equal(crumbRequestField, "Jenkins-Crumb");
    const cookie = issued.headers.get("set-cookie")!.split(";")[0]!;
    const build = (headers: Readonly<Record<string, string>>, form?: Readonly<Record<string, string>>) =>
      ask({ method: "POST", path: "/job/plain/build", headers, ...(form ? { form } : {}) }).then(
        ({ status }) => status,
      );
    assert.equal(await build({ ...password("admin"), "Jenkins-Crumb": crumb }), 403, "without the session");
    assert.equal(await build({ ...password("admin"), cookie }), 403, "without the crumb");
    assert.equal(await build({ ...password("admin"), cookie, "Jenkins-Crumb": crumb }), 201);
    assert.equal(await build({ ...password("admin"), cookie, "Jenkins-Crumb": crumb }), 201, "again");
    assert.equal(await build({ ...password("admin"), cookie }, { "Jenkins-Crumb": crumb }), 201, "as a field");
    assert.equal(await build({ ...password("dev"), cookie, "Jenkins-Crumb": crumb }), 403, "another user");
    const token = { authorization: basic("admin", tokenOf("admin")) };
    assert.equal(await build({ ...token, "Jenkins-Crumb": "bogus" }), 201, "a token");
    await jenkins.restart("graceful");
    assert.equal(await build({ ...password("admin"), cookie, "Jenkins-Crumb": crumb }), 403, "another run");
  });

  it("makes one item of equal wishes that wait, and says so for parameters only", async () => {
    const first = await post("/job/quiet/build");
    const again = await post("/job/quiet/build");
    assert.deepEqual([first.status, again.status, itemOf(again)], [201, 201, itemOf(first)]);
    const one = await post("/job/param/buildWithParameters?delay=5sec&IMAGE=a");
    const same = await post("/job/param/buildWithParameters?delay=5sec&IMAGE=a");
    const other = await post("/job/param/buildWithParameters?delay=5sec&IMAGE=b");
    assert.deepEqual([one.status, same.status, other.status], [201, 303, 201]);
    assert.equal(itemOf(same), itemOf(one));
    assert.notEqual(itemOf(other), itemOf(one));
  });

  it("takes defaults for parameters that are left out, and drops those that it does not know", async () => {
    await post("/job/param/buildWithParameters", { form: { NOPE: "1", DRY: "nonsense" } });
    const { json } = await get("/job/param/1/api/json?tree=actions[parameters[name,value]]");
    const [{ parameters }] = json.actions.filter((action: object) => "parameters" in action);
    assert.deepEqual(
      parameters.map(({ name, value }: { name: string; value: unknown }) => [name, value]),
      [
        ["IMAGE", "latest"],
        ["ENV", "dev"],
        ["DRY", false],
      ],
    );
  });

  it("shows an item as it waits, is blocked, cannot be built, starts and is forgotten", async () => {
    const item = (id: number) => get(`/queue/item/${id}/api/json`).then(({ json }) => json);
    const quiet = await item(itemOf(await post("/job/quiet/build")));
    assert.equal(quiet._class, "hudson.model.Queue$WaitingItem");
    assert.match(quiet.why, /^In the quiet period\. Expires in \d\.\d sec$/);
    const running = itemOf(await post("/job/slow/build"));
    const blocked = await item(itemOf(await post("/job/slow/build")));
    assert.deepEqual([blocked._class, blocked.blocked], ["hudson.model.Queue$BlockedItem", true]);
    assert.equal(blocked.why, "Build #1 is already in progress (ETA: N/A)");
    const stuck = await item(itemOf(await post("/job/nowhere/build")));
    assert.deepEqual([stuck._class, stuck.stuck, stuck.buildable], ["hudson.model.Queue$BuildableItem", true, true]);
    assert.match(stuck.why, /linux-arm/);
    const left = await item(running);
    assert.deepEqual([left._class, left.cancelled, left.why], ["hudson.model.Queue$LeftItem", false, null]);
    assert.equal(left.executable.number, 1);
    jenkins.clock.advance(163_000);
    assert.equal((await get(`/queue/item/${running}/api/json`)).status, 200);
    jenkins.clock.advance(139_000);
    assert.equal((await get(`/queue/item/${running}/api/json`)).status, 404);
  });

  it("takes an item out of the queue once", async () => {
    const id = itemOf(await post("/job/nowhere/build"));
    assert.equal((await post(`/queue/cancelItem?id=${id}`)).status, 204);
    const { json } = await get(`/queue/item/${id}/api/json`);
    assert.deepEqual([json._class, json.cancelled, json.executable], ["hudson.model.Queue$LeftItem", true, null]);
    assert.equal((await post(`/queue/cancelItem?id=${id}`)).status, 500);
  });

  it("has the quiet period overridden by a delay", async () => {
    await post("/job/quiet/build?delay=0sec");
    assert.equal((await get("/job/quiet/1/api/json")).status, 200);
  });

  it("tells of a build as it runs, is stopped, and has ended", async () => {
    const id = itemOf(await post("/job/slow/build"));
    const running = (await get("/job/slow/1/api/json")).json;
    assert.deepEqual([running.building, running.inProgress, running.result, running.queueId], [true, true, null, id]);
    const stopped = await post("/job/slow/1/stop");
    assert.deepEqual([stopped.status, stopped.headers.get("location")], [302, "/job/slow/1/"]);
    const { json } = await get("/job/slow/1/api/json");
    assert.deepEqual([json.building, json.result], [false, "ABORTED"]);
    assert.equal((await post("/job/slow/1/stop")).status, 302, "also when it has ended");
    assert.equal((await get("/job/slow/1/stop")).status, 405);
    await post("/job/failing/build");
    jenkins.clock.advance(1_000);
    assert.equal((await get("/job/failing/lastBuild/api/json?tree=result")).json.result, "FAILURE");
  });

  it("keeps queue and numbers over a stop, and loses both when it is killed", async () => {
    const run = async () => (await get("/api/json")).headers.get("x-jenkins-session");
    const before = await run();
    await post("/job/plain/build");
    const waits = itemOf(await post("/job/nowhere/build"));
    await jenkins.restart("graceful");
    assert.notEqual(await run(), before);
    assert.equal((await get(`/queue/item/${waits}/api/json`)).status, 200);
    assert.equal((await get("/queue/item/1/api/json")).status, 404, "what had left it is forgotten");
    await jenkins.restart("hard");
    assert.deepEqual((await get("/queue/api/json")).json.items, []);
    assert.equal(itemOf(await post("/job/nowhere/build")), 1);
    assert.equal((await get("/job/plain/api/json?tree=builds[number]")).json.builds.length, 1);
  });

  it("is quieting down: builds wait, and say why", async () => {
    await post("/quietDown");
    assert.equal((await get("/api/json?tree=quietingDown")).json.quietingDown, true);
    const { json } = await get(`/queue/item/${itemOf(await post("/job/plain/build"))}/api/json`);
    assert.equal(json.why, "Jenkins is about to shut down");
    await post("/cancelQuietDown");
    assert.equal((await get("/job/plain/1/api/json")).status, 200);
  });

  it("answers trees: what is asked for, ranges, nothing for names that it does not know", async () => {
    for (let count = 0; count < 3; count += 1) {
      await post("/job/plain/build");
      jenkins.clock.advance(1_000);
    }
    const { json } = await get("/job/plain/api/json?tree=name,bogus,builds[number]{0,2}");
    assert.deepEqual(json, {
      _class: "hudson.model.FreeStyleProject",
      name: "plain",
      builds: [3, 2].map((number) => ({ _class: "hudson.model.FreeStyleBuild", number })),
    });
    const { jobs } = (await get("/api/json?tree=jobs[name]", { as: "overall" })).json;
    assert.deepEqual(jobs, [], "what may not be seen is left out");
  });

  it("has a job's parameters, and its address as it was asked", async () => {
    const tree = "property[parameterDefinitions[name,type,choices]]";
    const [property] = (await get(`/job/param/api/json?tree=${tree}`)).json.property;
    const names = property.parameterDefinitions.map(
      ({ name, type }: { name: string; type: string }) => `${name} ${type}`,
    );
    assert.deepEqual(names, [
      "IMAGE StringParameterDefinition",
      "ENV ChoiceParameterDefinition",
      "DRY BooleanParameterDefinition",
    ]);
    const { json } = await get("/job/feature%252Fx/api/json");
    assert.deepEqual([json.name, json.url], ["feature%2Fx", `${jenkins.url}/job/feature%252Fx/`]);
  });

  it("lives below a context path, and nowhere else", async () => {
    await open({ contextPath: "/jenkins" });
    const { headers } = await post("/job/plain/build");
    assert.match(headers.get("location") ?? "", /^http:\/\/127\.0\.0\.1:\d+\/jenkins\/queue\/item\/1\/$/);
    assert.equal((await fetch(jenkins.url.replace("/jenkins", "/api/json"))).status, 404);
  });

  it("writes the cause of a build by a token, which nobody else can", async () => {
    await post("/job/token/build?token=tok&cause=hello", { as: "reader" });
    await post("/job/plain/build?cause=hello");
    const causeOf = async (job: string) => {
      const { json } = await get(`/job/${job}/1/api/json?tree=actions[causes[*]]`);
      return json.actions.flatMap(({ causes = [] }) => causes)[0];
    };
    assert.equal((await causeOf("token")).note, "hello");
    assert.equal((await causeOf("plain")).userId, "admin");
  });

  it("is away while it starts", async () => {
    const restarted = jenkins.restart("graceful", 200);
    const { status, text } = await get("/api/json");
    assert.equal(status, 503);
    assert.match(text, /Starting Jenkins/);
    await restarted;
    assert.equal((await get("/api/json")).status, 200);
  });

  const byToken: readonly [says: string, verb: string, fields: Readonly<Record<string, string>>, status: number][] = [
    ["a job by its token alone", "build", { job: "token", token: "tok" }, 201],
    ["a wrong token", "build", { job: "token", token: "no" }, 403],
    ["a job without a token", "build", { job: "plain", token: "tok" }, 404],
    ["parameters of a job without", "buildWithParameters", { job: "token", token: "tok" }, 400],
  ];
  for (const [says, verb, form, status] of byToken) {
    it(`${status}: with the plugin build-token-root, ${says}`, async () => {
      const answer = await ask({ method: "POST", path: `/buildByToken/${verb}`, form });
      assert.equal(answer.status, status, answer.text);
      if (status === 201) assert.match(answer.headers.get("location") ?? "", /^\/queue\/item\/\d+\/$/);
    });
  }
});
