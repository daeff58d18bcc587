import assert from "node:assert/strict";
import { JenkinsAuthError, JenkinsUnavailableError } from "../../../src/errors.ts";
import type { HttpRequest } from "../../../src/http/transport.ts";
import { clientOver, FakeTransport, PASSWORD, TOKEN, type Reply } from "./fake-transport.ts";

const BUILD = { path: "/job/app", job: "app", parameters: undefined };
const TAKEN: Reply = { status: 201, headers: { location: "http://elsewhere/queue/item/5/" } };

function crumbReply(crumb: string): Reply {
  return {
    headers: { "set-cookie": [`JSESSIONID=${crumb}; Path=/`] },
    body: JSON.stringify({ crumb, crumbRequestField: "Jenkins-Crumb" }),
  };
}

/** A Jenkins that accepts one crumb, which can change. */
class CrumbServer {
  current = "one";
  readonly transport = new FakeTransport(async (request): Promise<Reply> => {
    await Promise.resolve();
    if (request.path.startsWith("/jenkins/crumbIssuer")) return crumbReply(this.current);
    const { "Jenkins-Crumb": crumb, cookie } = request.headers;
    const isRight = crumb === this.current && cookie === `JSESSIONID=${this.current}`;
    return isRight ? TAKEN : { status: 403, body: "No valid crumb was included in the request" };
  });

  get fetched(): number {
    return this.transport.lines.filter((line) => line.includes("crumbIssuer")).length;
  }
}

describe("jenkins/session", () => {
  it("needs no crumb with an API token", async () => {
    const transport = new FakeTransport(() => TAKEN);
    await clientOver(transport, TOKEN).start(BUILD);
    assert.deepEqual(transport.lines, ["POST /jenkins/job/app/build"]);
    assert.equal(transport.sent[0]?.headers["authorization"], `Basic ${Buffer.from("bot:11f0").toString("base64")}`);
  });

  it("fetches one crumb for many builds with a password", async () => {
    const server = new CrumbServer();
    const client = clientOver(server.transport, PASSWORD);
    await Promise.all([client.start(BUILD), client.start(BUILD), client.start(BUILD)]);
    assert.equal(server.fetched, 1);
  });

  it("fetches another one, once, when many are refused together", async () => {
    const server = new CrumbServer();
    const client = clientOver(server.transport, PASSWORD);
    await client.start(BUILD);
    server.current = "two";
    const taken = await Promise.all([client.start(BUILD), client.start(BUILD), client.start(BUILD)]);
    assert.deepEqual(
      taken.map(({ queueId }) => queueId),
      [5, 5, 5],
    );
    assert.equal(server.fetched, 2);
  });

  it("gives up when the new crumb is refused too", async () => {
    const transport = new FakeTransport(({ path }) =>
      path.includes("crumbIssuer") ? crumbReply("any") : { status: 403, body: "No valid crumb was included" },
    );
    await assert.rejects(clientOver(transport, PASSWORD).start(BUILD), JenkinsAuthError);
    assert.equal(transport.lines.filter((line) => line.startsWith("POST")).length, 2);
  });

  for (const failure of ["lost", "timeout"] as const) {
    it(`never repeats a POST whose connection was ${failure}, and says that it may have happened`, async () => {
      const transport = new FakeTransport(() => failure);
      await assert.rejects(clientOver(transport).start(BUILD), (error) => {
        assert.ok(error instanceof JenkinsUnavailableError);
        return error.mayHaveHappened;
      });
      assert.equal(transport.sent.length, 1);
    });
  }

  it("knows that a POST did not happen where nobody took the connection", async () => {
    const transport = new FakeTransport(() => "refused");
    await assert.rejects(
      clientOver(transport).start(BUILD),
      (error) => error instanceof JenkinsUnavailableError && !error.mayHaveHappened,
    );
  });

  it("repeats a look whose connection was lost, once", async () => {
    const transport = new FakeTransport((_request, at) => (at === 1 ? "lost" : { body: '{"items":[]}' }));
    assert.deepEqual(await clientOver(transport).queue(), []);
    assert.equal(transport.sent.length, 2);
  });

  it("sends nothing when the last moment forbids it", async () => {
    const transport = new FakeTransport(() => TAKEN);
    const forbid = (): never => {
      throw new Error("not leading any more");
    };
    await assert.rejects(clientOver(transport).start(BUILD, forbid), /not leading/);
    assert.deepEqual(transport.sent, []);
  });

  it("puts tokens and parameters into the body, never into the address", async () => {
    const transport = new FakeTransport(() => TAKEN);
    const parameters = [["A B", "1&2"]] as const;
    await clientOver(transport).start({ ...BUILD, parameters, remoteToken: "secret", cause: "kjo 1" });
    const [{ path, body }] = transport.sent as [HttpRequest];
    assert.equal(path, "/jenkins/job/app/buildWithParameters?delay=0sec");
    assert.equal(body, "A%20B=1%262&token=secret&cause=kjo%201");
  });
});
