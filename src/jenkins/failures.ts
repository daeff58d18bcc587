import { JenkinsAuthError, JenkinsRejectedError, JenkinsUnavailableError } from "../errors.ts";
import type { HttpResponse, TransportError } from "../http/transport.ts";

/** What an answer means that is no success, for requests of every kind. */
export function failureOf(what: string, { status, headers, body }: HttpResponse): Error {
  const required = headers["x-required-permission"];
  switch (status) {
    case 401:
      return new JenkinsAuthError("AuthFailed", `Jenkins does not accept the credentials (401 to ${what})`);
    case 403:
      return required === undefined
        ? new JenkinsAuthError("Forbidden", `Jenkins refuses ${what} (403): the user may not, or the token is wrong`)
        : new JenkinsRejectedError("Forbidden", `Jenkins refuses ${what}: the user lacks ${String(required)}`, status);
    case 404:
      return new JenkinsRejectedError(
        "NotFound",
        `Jenkins answers 404 to ${what}: it is not there, or the user may not see it`,
        status,
      );
    case 409:
      return new JenkinsRejectedError("NotBuildable", `Jenkins refuses ${what}: the job is disabled`, status);
    case 429:
      return new JenkinsUnavailableError("TooManyRequests", `what stands before Jenkins asks for a pause (429)`, {
        mayHaveHappened: false,
        retryAfterMs: retryAfterMs(headers["retry-after"]),
      });
    case 503:
      return new JenkinsUnavailableError("Starting", "Jenkins is starting, or away behind its proxy (503)", {
        // A proxy answers so too when Jenkins hung up on it after the request.
        mayHaveHappened: !/Starting Jenkins/i.test(body),
      });
  }
  if (status >= 500)
    return new JenkinsUnavailableError("ServerError", `Jenkins answers ${status} to ${what}`, {
      mayHaveHappened: true,
    });
  if (status >= 300 && status < 400)
    return new JenkinsRejectedError(
      "Redirected",
      `Jenkins answers ${status} to ${what}, and redirects are not followed: correct spec.url`,
      status,
    );
  return new JenkinsRejectedError("Rejected", `Jenkins answers ${status} to ${what}`, status);
}

/** No answer came. */
export function unavailable(error: TransportError): Error {
  switch (error.failure) {
    case "tls":
      return new JenkinsAuthError("TLSFailed", `TLS with Jenkins failed: ${error.message}`, { cause: error });
    case "refused":
      return new JenkinsUnavailableError("ConnectionRefused", `cannot connect to Jenkins: ${error.message}`, {
        mayHaveHappened: false,
        cause: error,
      });
    case "timeout":
      return new JenkinsUnavailableError("Timeout", "Jenkins did not answer in time", {
        mayHaveHappened: true,
        cause: error,
      });
    case "tooLarge":
      return new JenkinsUnavailableError("ResponseTooLarge", "Jenkins' answer is too large", {
        mayHaveHappened: true,
        cause: error,
      });
    case "lost":
      return new JenkinsUnavailableError("ConnectionLost", `the connection to Jenkins broke: ${error.message}`, {
        mayHaveHappened: true,
        cause: error,
      });
  }
}

const LONGEST_RETRY_AFTER_MS = 300_000;

function retryAfterMs(value: string | string[] | undefined): number | undefined {
  const seconds = Number(value);
  return value === undefined || !Number.isFinite(seconds)
    ? undefined
    : Math.min(Math.max(0, seconds * 1000), LONGEST_RETRY_AFTER_MS);
}
