import assert from "node:assert/strict";
import { normalizePath, upstreamPath } from "../../../doubles/kong/proxy/request-path.ts";

describe("kong double/request path", () => {
  const normalized: [path: string, expected: string][] = [
    ["/", "/"],
    ["/a/b", "/a/b"],
    ["//a///b/", "/a/b/"],
    ["/a/./b", "/a/b"],
    ["/a/../b", "/b"],
    ["/a/b/..", "/a/"],
    ["/../../a", "/a"],
    ["/a/.", "/a/"],
    ["/%41%2d%2E%7e", "/A-.~"],
    ["/a%2fb%20c", "/a%2Fb%20c"],
    ["/a%2e%2e/b", "/a../b"],
    ["/.hidden", "/.hidden"],
  ];
  for (const [path, expected] of normalized) {
    it(`normalizes ${path} to ${expected}`, () => {
      assert.equal(normalizePath(path), expected);
    });
  }

  // The table of Kong's documentation, "Path handling algorithms", and the edges around it.
  const joined: [service: string, route: string, request: string, strips: boolean, v0: string, v1: string][] = [
    ["/s", "/fv", "/fvreq", false, "/s/fvreq", "/sfvreq"],
    ["/s", "/fv", "/fv/req", false, "/s/fv/req", "/sfv/req"],
    ["/s", "/tv", "/tvreq", true, "/s/req", "/sreq"],
    ["/s", "/tv", "/tv/req", true, "/s/req", "/s/req"],
    ["/s/", "/fv/", "/fv/req", false, "/s/fv/req", "/s/fv/req"],
    ["/s/", "/tv/", "/tv/req", true, "/s/req", "/s/req"],
    ["/", "/a", "/a", true, "/", "/"],
    ["/", "/a", "/a/", true, "/", "/"],
    ["/", "/a", "/a", false, "/a", "/a"],
    ["/", "/", "/x/y", true, "/x/y", "/x/y"],
    ["/s", "/a", "/a", true, "/s", "/s"],
    ["/s/", "/a", "/a", true, "/s", "/s"],
    ["/s/", "/a/", "/a/", true, "/s/", "/s/"],
    ["/s", "/a/", "/a/", true, "/s/", "/s/"],
    ["/s", "/", "/", false, "/s", "/s"],
    ["/s", "/a", "/a../b", true, "/s/b", "/sb"],
  ];
  for (const [service, route, request, strips, v0, v1] of joined) {
    const name = `${service} + ${route} + ${request}, strip_path ${String(strips)}`;
    const join = { requestPath: request, matched: route, stripPath: strips, servicePath: service };
    it(`joins ${name} to ${v0} (v0) and ${v1} (v1)`, () => {
      assert.equal(upstreamPath({ ...join, pathHandling: "v0" }), v0);
      assert.equal(upstreamPath({ ...join, pathHandling: "v1" }), v1);
    });
  }

  it("leaves the path whole for a route without paths", () => {
    const join = {
      requestPath: "/x",
      matched: undefined,
      stripPath: true,
      servicePath: "/s",
      pathHandling: "v0",
    } as const;
    assert.equal(upstreamPath(join), "/s/x");
  });
});
