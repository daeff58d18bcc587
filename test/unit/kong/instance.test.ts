import assert from "node:assert/strict";
import { NotReadyError } from "../../../src/errors.ts";
import { entity, keyOf, Rig, service, until } from "./rig.ts";

const OTHER_CLUSTER = "6f2c0f6e-0000-4000-8000-00000000000b";
const USERS = service("users");
const THEIRS = entity(
  USERS.owner,
  "services",
  { name: "team-a.users", host: "users.test" },
  { cluster: OTHER_CLUSTER },
);

describe("kong/gateway-connection: instance", () => {
  let rig: Rig;

  beforeEach(async () => {
    rig = await Rig.start();
  });
  afterEach(() => rig.stop());

  const root = (configuration: Record<string, unknown>, version = "3.9.1"): string =>
    JSON.stringify({
      version,
      node_id: "n",
      hostname: "h",
      configuration: { database: "postgres", role: "traditional", ...configuration },
    });

  it("says what the gateway is", async () => {
    const { state } = await rig.ready();
    assert.equal(state.reason, "Connected");
    assert.equal(state.info?.version, "3.9.1");
    assert.equal(state.info?.database, "postgres");
    assert.ok(state.info?.plugins.includes("rate-limiting"));
    assert.ok(state.lastSyncTime);
  });

  it("writes nothing where another cluster uses our instance, and names the way out", async () => {
    await rig.admin("PUT", `/services/${THEIRS.id}`, THEIRS.fields);
    rig.double.resetCounts();
    const connection = rig.connect();
    await until(() => connection.state.phase === "Refused");
    assert.equal(connection.state.reason, "InstanceInUse");
    assert.match(
      connection.state.message,
      new RegExp(`1 of cluster ${OTHER_CLUSTER}.*spec\\.instance.*spec\\.takeOver`),
    );
    await assert.rejects(connection.sync(USERS.owner, [USERS]), NotReadyError);
    assert.equal(rig.writes, 0);
  });

  it("takes over the cluster that spec.takeOver names: its entities get our marks, and keep their ids", async () => {
    await rig.admin("PUT", `/services/${THEIRS.id}`, THEIRS.fields);
    rig.double.resetCounts();
    const connection = rig.connect();
    await until(() => connection.state.phase === "Refused");
    await assert.rejects(connection.sync(USERS.owner, [USERS]));
    connection.update({ ...rig.settings, takeOver: OTHER_CLUSTER });
    await until(() => connection.state.phase === "Ready");
    assert.deepEqual(rig.owners, [{ why: "mirror", keys: ["KongService/team-a/users"] }]);
    const { operations } = await connection.sync(USERS.owner, [USERS], { inSyncBefore: true });
    assert.deepEqual(
      operations.map(({ action, entity: { id }, changes }) => [action, id, changes]),
      [["update", THEIRS.id, [{ path: "tags" }]]],
    );
  });

  it("does not take over another cluster's instance by drift policy Report either", async () => {
    await rig.admin("PUT", `/services/${THEIRS.id}`, THEIRS.fields);
    const connection = await rig.ready({ takeOver: OTHER_CLUSTER, driftPolicy: "Report" });
    assert.equal((await connection.sync(USERS.owner, [USERS], { inSyncBefore: true })).writes, 1);
  });

  it("keeps its hands off entities of other instances and of nobody", async () => {
    await rig.admin("PUT", "/services/a", { host: "h", tags: ["kjo.instance:team-b.default"] });
    await rig.admin("PUT", "/services/b", { host: "h" });
    const connection = await rig.ready();
    assert.deepEqual(connection.state.counts, {});
  });

  const REFUSALS: { title: string; body: string; reason: string }[] = [
    { title: "a data plane", body: root({ role: "data_plane", database: "off" }), reason: "DataPlane" },
    { title: "a gateway that is too old", body: root({}, "3.3.1"), reason: "VersionNotSupported" },
  ];
  for (const { title, body, reason } of REFUSALS) {
    it(`refuses ${title}`, async () => {
      rig.fault = ({ path }) => (path === "/" ? { status: 200, body } : undefined);
      const connection = rig.connect();
      await until(() => connection.state.phase === "Refused");
      assert.equal(connection.state.reason, reason);
    });
  }

  it("does not take anything else for a gateway", async () => {
    rig.fault = () => ({ status: 200, contentType: "text/html", body: "<html>hello</html>" });
    const connection = rig.connect();
    await until(() => connection.state.phase === "Unavailable");
    assert.equal(connection.state.reason, "NotAnAdminAPI");
  });

  for (const path of ["/", "/services"]) {
    it(`does not take a 404 to ${path} for an empty gateway`, async () => {
      rig.fault = (request) =>
        request.path.split("?")[0] === path ? { status: 404, body: '{"message":"Not found"}' } : undefined;
      const connection = rig.connect();
      await until(() => connection.state.phase === "Unavailable");
      assert.equal(connection.state.reason, "NotAnAdminAPI");
      assert.equal(connection.isMirrored, false);
    });
  }

  it("starts anew where the settings lead to another gateway", async () => {
    const connection = await rig.ready();
    await connection.sync(USERS.owner, [USERS]);
    const other = await Rig.start();
    try {
      connection.update({ ...rig.settings, url: other.double.adminUrl });
      assert.equal(connection.isMirrored, false);
      assert.equal(connection.idOf(USERS.owner, "services"), undefined);
      await until(() => connection.state.phase === "Ready");
      assert.equal((await connection.sync(USERS.owner, [USERS])).writes, 1);
      assert.equal((await other.admin("GET", `/services/${USERS.id}`)).status, 200);
    } finally {
      await connection.stop();
      await other.stop();
    }
  });

  it("keeps its mirror when only credentials change, and does nothing when nothing has", async () => {
    const connection = await rig.ready();
    await connection.sync(USERS.owner, [USERS]);
    rig.double.resetCounts();
    connection.update(rig.settings);
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(rig.double.count(), 0);
    connection.update({ ...rig.settings, headers: { "kong-admin-token": "t" } });
    assert.equal(connection.idOf(USERS.owner, "services"), USERS.id);
    assert.equal((await connection.sync(USERS.owner, [USERS])).writes, 0);
  });

  it("speaks to the workspace that the settings name", async () => {
    const paths: string[] = [];
    rig.fault = ({ path }) => {
      paths.push(path);
      return path === "/" ? undefined : { status: 200, body: '{"data":[],"next":null}' };
    };
    await rig.ready({ workspace: "team a" });
    assert.ok(paths.includes("/"));
    assert.ok(paths.filter((path) => path !== "/").every((path) => path.startsWith("/team%20a/")));
  });

  it("takes an empty list in the form of an object, a page without entities, and a type that is not there", async () => {
    rig.fault = ({ path }) => {
      if (path.startsWith("/oauth2")) return { status: 404, body: '{"message":"Not found"}' };
      if (path.startsWith("/consumers")) return { status: 200, body: '{"data":{},"next":null}' };
      if (path.startsWith("/routes") && !path.includes("offset"))
        return { status: 200, body: '{"data":[],"next":"/routes?offset=abc","offset":"abc"}' };
      return undefined;
    };
    rig.fault = withOnce(rig.fault);
    const connection = await rig.ready();
    assert.deepEqual(connection.state.counts, {});
    await connection.sync(keyOf("KongService", "users"), [USERS]);
  });
});

/** The page after `offset=abc` is answered too: the double does not know that offset. */
function withOnce(fault: Rig["fault"]): Rig["fault"] {
  return (request) =>
    request.path.includes("offset=abc") ? { status: 200, body: '{"data":[],"next":null}' } : fault(request);
}
