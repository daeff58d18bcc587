import { z } from "zod";
import { withRules } from "./rules.ts";

/** A string with a bound and a form; the message says the form in words. `pattern` must mean the same in RE2 and JavaScript. */
export function text(form: { maxLength: number; pattern: string; message: string }): z.ZodString {
  const expression = new RegExp(form.pattern);
  return withRules(z.string().min(1).max(form.maxLength), [
    {
      cel: `self.matches(r'${form.pattern}')`,
      message: form.message,
      holds: (value) => expression.test(value),
    },
  ]);
}

/** A list whose items are told apart by themselves, so that several appliers can each own some of them. */
export function setOf<S extends z.ZodType<string>>(item: S, maxItems: number): z.ZodArray<S> {
  return withoutDuplicates(z.array(item).max(maxItems), "value", (entry) => entry).meta({
    "x-kubernetes-list-type": "set",
  });
}

/** A list whose items are told apart by one required property. */
export function mapListOf<S extends z.ZodType<object>>(
  item: S,
  key: keyof z.output<S> & string,
  maxItems: number,
): z.ZodArray<S> {
  return withoutDuplicates(z.array(item).max(maxItems), key, (entry) => entry[key as keyof typeof entry]).meta({
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": [key],
  });
}

/** The API server's own check of such lists, with its words: the later of two entries is the one at fault. */
function withoutDuplicates<S extends z.ZodType>(
  list: z.ZodArray<S>,
  what: string,
  identify: (entry: z.output<S>) => unknown,
): z.ZodArray<S> {
  return list.superRefine((entries, context) => {
    const seen = new Set<unknown>();
    entries.forEach((entry, index) => {
      const identity = identify(entry);
      if (seen.has(identity)) {
        context.addIssue({
          code: "custom",
          path: [index],
          message: `Duplicate value: another entry has the same ${what}`,
        });
      }
      seen.add(identity);
    });
  });
}

/** An integer between two bounds, both included. */
export function integer(minimum: number, maximum: number): z.ZodInt {
  return z.int().min(minimum).max(maximum);
}

const DNS_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";

/** Name of an object of the cluster. */
export function objectName(): z.ZodString {
  return text({
    maxLength: 253,
    pattern: `^${DNS_LABEL}(\\.${DNS_LABEL})*$`,
    message:
      "must be the name of an object: lower-case letters, digits, '-' and '.', beginning and ending with a letter or digit",
  });
}

/** Name of a namespace. */
export function namespaceName(): z.ZodString {
  return text({
    maxLength: 63,
    pattern: `^${DNS_LABEL}$`,
    message:
      "must be the name of a namespace: lower-case letters, digits and '-', beginning and ending with a letter or digit",
  });
}

/** Key of a Secret's data. */
export function secretKey(): z.ZodString {
  return text({
    maxLength: 253,
    pattern: "^[-._a-zA-Z0-9]+$",
    message: "must be a key of a Secret: letters, digits, '-', '_' and '.'",
  });
}

/** Name of a service, route or plugin instance in Kong. */
export function kongName(): z.ZodString {
  return text({
    maxLength: 512,
    // Kong takes every character beyond ASCII; of ASCII, letters, digits and these four.
    pattern: "^([-._~0-9A-Za-z]|[^\\x00-\\x7f])+$",
    message: "must be a name that Kong takes: letters, digits, '.', '-', '_' and '~'",
  });
}

export function kongTag(): z.ZodString {
  return withRules(
    text({
      maxLength: 256,
      pattern: "^[^\\x00-\\x1f,/\\x7f]+$",
      message: "must be a tag that Kong takes: no ',', no '/' and no control characters",
    }),
    [
      {
        cel: "!self.startsWith('kjo')",
        message: "must not begin with 'kjo': such tags mark what the operator owns; choose another tag",
        holds: (value) => !value.startsWith("kjo"),
      },
    ],
  );
}

const HOST_LABEL = "[-0-9A-Za-z_]*[0-9A-Za-z_]";
const HOST_NAME = `${HOST_LABEL}(\\.${HOST_LABEL})*\\.?`;
const IPV6 = "[0-9A-Fa-f]*:[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*";
export const PORT = "([0-9]{1,4}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])";

/** Host name or IP address, without a port. */
export function host(): z.ZodString {
  return text({
    maxLength: 255,
    pattern: `^(${HOST_NAME}|${IPV6}|\\[${IPV6}\\])$`,
    message: "must be a host name or IP address without a port",
  });
}

/** Host name that is no IP address, without a port. */
export function hostName(): z.ZodString {
  return withRules(
    text({
      maxLength: 255,
      pattern: `^${HOST_NAME}$`,
      message: "must be a host name without a port: letters, digits, '-', '_' and '.'",
    }),
    [
      {
        cel: "!self.matches(r'^[0-9.]+$')",
        message: "must be a host name, not an IP address",
        holds: (value) => !/^[0-9.]+$/.test(value),
      },
    ],
  );
}

/** Host name or IP address, with or without a port. */
export function hostWithPort(): z.ZodString {
  return text({
    maxLength: 262,
    pattern: `^(${HOST_NAME}(:${PORT})?|${IPV6}|\\[${IPV6}\\](:${PORT})?)$`,
    message:
      "must be a host name or IP address, with or without a port (at most 65535); an IPv6 address with a port stands in brackets",
  });
}

/** Host name of a TLS handshake; the first or the last label may be `*`. */
export function sni(): z.ZodString {
  return text({
    maxLength: 255,
    pattern: `^(\\*\\.${HOST_NAME}|${HOST_LABEL}(\\.${HOST_LABEL})*(\\.\\*|\\.)?)$`,
    message: "must be a server name without a port; '*' may only be its first or its last label",
  });
}

export function headerName(): z.ZodString {
  return text({
    maxLength: 256,
    pattern: "^[-_0-9A-Za-z]+$",
    message: "must be a header name: letters, digits, '-' and '_'",
  });
}

/** Path of a URL as Kong takes it: RFC 3986 characters, percent-encoding complete, no empty segment. */
export function urlPath(): z.ZodString {
  const segment = "([-.~_0-9A-Za-z:@!$&\\x27()*+,;=]|%[0-9A-Fa-f]{2})+";
  return text({
    maxLength: 1024,
    pattern: `^/(${segment}/)*(${segment})?$`,
    message: "must start with '/', hold no '//' and percent-encode what RFC 3986 does not allow in a path",
  });
}

export function uuid(): z.ZodString {
  return text({
    maxLength: 36,
    pattern: "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$",
    message: "must be a UUID",
  });
}

/** Host of a request: host name or IP address, with or without a port; the first or the last label may be `*`. */
export function routeHost(): z.ZodString {
  return text({
    maxLength: 262,
    pattern: `^(\\*\\.${HOST_NAME}(:${PORT})?|${HOST_LABEL}(\\.${HOST_LABEL})*\\.\\*|${HOST_NAME}(:${PORT})?|\\[${IPV6}\\](:${PORT})?)$`,
    message: "must be a host name, with or without a port; '*' may only be its first or its last label",
  });
}

/** IP address or CIDR block. */
export function ipOrCidr(): z.ZodString {
  return text({
    maxLength: 64,
    pattern: `^([0-9]{1,3}(\\.[0-9]{1,3}){3}|${IPV6})(/[0-9]{1,3})?$`,
    message: "must be an IP address or a CIDR block",
  });
}
