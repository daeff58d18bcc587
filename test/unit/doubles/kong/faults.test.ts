import assert from "node:assert/strict";
import type { KongDouble } from "../../../doubles/kong/double.ts";
import { startKongDouble } from "../../../doubles/kong/double.ts";
import { htmlPage, rejection, serverError, tooManyRequests } from "../../../doubles/kong/faults.ts";
import type { Answer } from "./admin-client.ts";
import { send } from "./admin-client.ts";

describe("doubles/kong: faults", () => {
  let kong: KongDouble;
  const call = (method: string, path: string, body?: Parameters<typeof send>[3]): Promise<Answer> =>
    send(kong.adminUrl, method, path, body);
  const put = (name: string): Promise<Answer> => call("PUT", `/services/${name}`, { host: "a.test" });

  beforeEach(async () => {
    kong = await startKongDouble();
  });

  afterEach(async () => {
    await kong.stop();
  });

  it("closes the connection before anything is applied", async () => {
    kong.faults.add({ action: { kind: "reset" }, times: 1 });
    await assert.rejects(put("s"));
    assert.equal((await call("GET", "/services/s")).status, 404);
  });

  it("applies a request and loses the answer", async () => {
    kong.faults.add({ action: { kind: "lose-answer" }, times: 1 });
    await assert.rejects(put("s"));
    assert.equal((await call("GET", "/services/s")).status, 200);
    assert.deepEqual(
      kong.requests.map(({ status }) => status),
      [0, 200],
    );
  });

  it("answers in the gateway's place as often as it is told", async () => {
    kong.faults.add({ action: { kind: "answer", response: tooManyRequests(3) }, times: 2 });
    assert.deepEqual([(await put("s")).status, (await put("s")).status, (await put("s")).status], [429, 429, 200]);
    kong.faults.add({ action: { kind: "answer", response: htmlPage(502, "Bad Gateway") }, times: 1 });
    const page = await put("s");
    assert.deepEqual([page.status, page.headers.get("content-type")], [502, "text/html; charset=UTF-8"]);
    kong.faults.add({ action: { kind: "answer", response: serverError() }, times: 1 });
    assert.equal((await put("s")).status, 500);
  });

  it("meets the requests that it is meant for", async () => {
    const response = rejection({ host: "not this one" });
    kong.faults.add({
      action: { kind: "answer", response },
      when: ({ path }) => path.endsWith("/bad"),
    });
    const [good, bad] = await Promise.all([put("good"), put("bad")]);
    assert.deepEqual([good.status, bad.status, bad.body["code"]], [200, 400, 2]);
  });

  it("lets a request wait, and go on when the fault is taken away", async () => {
    const remove = kong.faults.add({ action: { kind: "stall", ms: Number.POSITIVE_INFINITY } });
    const waiting = put("s");
    const first = await Promise.race([waiting, new Promise((resolve) => setTimeout(resolve, 60, "still waiting"))]);
    assert.equal(first, "still waiting");
    remove();
    assert.equal((await waiting).status, 200);
  });

  it("refuses connections and comes back on the same port with what it had", async () => {
    await put("s");
    const { adminUrl } = kong;
    await kong.faults.refuseConnections();
    await assert.rejects(put("t"));
    await kong.faults.acceptConnections();
    assert.equal(kong.adminUrl, adminUrl);
    assert.equal((await call("GET", "/services/s")).status, 200);
  });
});
