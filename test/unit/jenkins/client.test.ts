import assert from "node:assert/strict";
import { JenkinsUnavailableError, OperatorError } from "../../../src/errors.ts";
import { clientOver, FakeTransport, type Reply } from "./fake-transport.ts";

const BUILD = { path: "/job/app", job: "app", parameters: [] };
const item = (id: number): string => `https://public.test/jenkins/queue/item/${id}/`;

describe("jenkins/client, of what Jenkins answers to a wish for a build", () => {
  const taken: readonly [reply: Reply, queueId: number | undefined, isCoalesced: boolean][] = [
    [{ status: 201, headers: { location: item(7) } }, 7, false],
    [{ status: 303, headers: { location: item(8) } }, 8, true],
    [{ status: 201, headers: { location: "/queue/item/9/" } }, 9, false],
    [{ status: 201, headers: { location: "https://public.test/job/app/" } }, undefined, false],
  ];
  for (const [reply, queueId, isCoalesced] of taken) {
    it(`${JSON.stringify(reply)} is taken`, async () => {
      const transport = new FakeTransport(() => reply);
      assert.deepEqual(await clientOver(transport).start(BUILD), { queueId, isCoalesced });
      assert.equal(transport.sent.length, 1, "redirects are not followed");
    });
  }

  const refused: readonly [reply: Reply, reason: string, says: RegExp, mayHaveHappened?: boolean][] = [
    [{ status: 302, headers: { location: "." } }, "QueueRefused", /does not take/],
    [{ status: 302, headers: { location: "https://public.test/login" } }, "QueueRefused", /does not take/],
    [{ status: 308, headers: { location: "https://public.test/" } }, "Redirected", /correct spec.url/],
    [{ status: 400, body: "Nothing is submitted" }, "Rejected", /Nothing is submitted/],
    [{ status: 400, body: "app is not parameterized" }, "Rejected", /is not parameterized/],
    [{ status: 500, body: "Illegal choice for parameter ENV: moon" }, "Rejected", /Illegal choice for parameter ENV/],
    [{ status: 401 }, "AuthFailed", /credentials/],
    [{ status: 403 }, "Forbidden", /token is wrong/],
    [{ status: 403, headers: { "x-required-permission": "hudson.model.Item.Build" } }, "Forbidden", /lacks hudson/],
    [{ status: 404 }, "NotFound", /may not see it/],
    [{ status: 409 }, "NotBuildable", /disabled/],
    [{ status: 429, headers: { "retry-after": "7" } }, "TooManyRequests", /pause/, false],
    [{ status: 503, body: "Starting Jenkins" }, "Starting", /starting/, false],
    [{ status: 503, body: "Bad gateway" }, "Starting", /proxy/, true],
    [{ status: 500, body: "Oops" }, "ServerError", /500/, true],
    [{ status: 502 }, "ServerError", /502/, true],
  ];
  for (const [reply, reason, says, mayHaveHappened] of refused) {
    it(`${JSON.stringify(reply)} is ${reason}`, async () => {
      const transport = new FakeTransport(() => reply);
      await assert.rejects(clientOver(transport).start(BUILD), (error) => {
        assert.ok(error instanceof OperatorError);
        assert.equal(error.reason, reason);
        assert.match(error.message, says);
        const isOpen = error instanceof JenkinsUnavailableError ? error.mayHaveHappened : undefined;
        assert.equal(isOpen, mayHaveHappened);
        return true;
      });
      assert.equal(transport.sent.length, 1);
    });
  }

  const removals: readonly [status: number, isRemoved: boolean][] = [
    [204, true],
    [302, true],
    [404, false],
    [500, false],
  ];
  for (const [status, isRemoved] of removals) {
    it(`${status} to the removal of an item means ${isRemoved ? "gone" : "it had left"}`, async () => {
      assert.equal(await clientOver(new FakeTransport(() => ({ status }))).cancelItem(4), isRemoved);
    });
  }

  it("422 to the removal of an item is a missing permission", async () => {
    await assert.rejects(clientOver(new FakeTransport(() => ({ status: 422 }))).cancelItem(4), /lacks Item\/Cancel/);
  });

  it("says what is no Jenkins", async () => {
    await assert.rejects(clientOver(new FakeTransport(() => ({ body: "{}" }))).server(), /no Jenkins/);
    const page = { headers: { "content-type": "text/html" }, body: "<html>" };
    await assert.rejects(clientOver(new FakeTransport(() => page)).queue(), /no JSON/);
  });
});
