import assert from "node:assert/strict";
import { judge, judgeFailure, ProbeError, type ProxyAnswer } from "../../../src/verify/answer.ts";

const KONG = { server: "kong/3.9.1", "x-kong-response-latency": "0" };
const BACKEND = { server: "nginx", via: "1.1 kong/3.9.1", "x-kong-upstream-latency": "3" };
const NO_ROUTE = '{\n  "message":"no Route matched with those values",\n  "request_id":"cd75"\n}';

function answer(status: number, headers: ProxyAnswer["headers"] = BACKEND, body = ""): ProxyAnswer {
  return { status, headers, body };
}

/** What Kong 3.9.1 answers, and what it means for a route. */
const CASES: readonly [what: string, answer: ProxyAnswer, expectStatus: readonly number[] | undefined, told: string][] =
  [
    ["a backend's answer", answer(200), undefined, "ok"],
    ["a redirect", answer(302), undefined, "ok"],
    ["a backend's 404", answer(404, BACKEND, NO_ROUTE), undefined, "UnexpectedStatus"],
    ["a backend's 404 that is wanted", answer(404, BACKEND, NO_ROUTE), [404], "ok"],
    ["Kong's own 404", answer(404, KONG, NO_ROUTE), undefined, "NoRouteMatched"],
    ["Kong's own 404 where a 404 is wanted", answer(404, KONG, NO_ROUTE), [404], "NoRouteMatched"],
    ["Kong's own 404 without its headers (headers=off)", answer(404, {}, NO_ROUTE), [404], "NoRouteMatched"],
    ["Kong's own 404 to HEAD", answer(404, KONG), undefined, "NoRouteMatched"],
    ["a plugin's 404 to HEAD that is wanted", answer(404, KONG), [404], "ok"],
    [
      "another Kong's 404 behind this one",
      answer(404, { ...BACKEND, server: "kong/3.4.0" }, NO_ROUTE),
      undefined,
      "UnexpectedStatus",
    ],
    ["401 of a plugin", answer(401, KONG, '{"message":"Unauthorized"}'), undefined, "UnexpectedStatus"],
    ["401 of a plugin that is wanted", answer(401, KONG, '{"message":"Unauthorized"}'), [200, 401], "ok"],
    ["503 without a peer", answer(503, KONG, '{"message":"failure to get a peer"}'), undefined, "UnexpectedStatus"],
    ["a page of a load balancer", answer(502, { server: "awselb/2.0" }, "<html>"), undefined, "UnexpectedStatus"],
    ["200 where another status is wanted", answer(200), [204], "UnexpectedStatus"],
  ];

describe("verify/answer", () => {
  for (const [what, given, expectStatus, told] of CASES) {
    it(`takes ${what} for ${told}`, () => {
      const finding = judge(given, expectStatus);
      assert.equal(finding.ok ? "ok" : finding.reason, told);
    });
  }

  it("shows Kong's own words and never a backend's", () => {
    const kongs = judge(answer(503, KONG, '{"message":"failure to get a peer"}'), undefined);
    assert.ok(!kongs.ok && kongs.message.includes("failure to get a peer"));
    const backends = judge(answer(503, BACKEND, '{"message":"password=hunter2"}'), undefined);
    assert.ok(!backends.ok && !backends.message.includes("hunter2"));
  });

  it("does not show what was sent, where it comes back", () => {
    const sent = { authorization: "Basic aHVudGVyMg==" };
    const echoed = judge(answer(503, KONG, '{"message":"bad: Basic aHVudGVyMg=="}'), undefined, sent);
    assert.ok(!echoed.ok && echoed.message.endsWith("bad: <authorization>"), JSON.stringify(echoed));
  });

  for (const [failure, reason] of [
    ["timeout", "Timeout"],
    ["tls", "TLSFailed"],
    ["unreachable", "ProxyUnreachable"],
  ] as const) {
    it(`says ${reason} where no answer came: ${failure}`, () => {
      const finding = judgeFailure(new ProbeError(failure, "why"));
      assert.ok(!finding.ok && finding.reason === reason && finding.message.endsWith("why"));
    });
  }
});
