import { createPrivateKey, generateKeyPairSync, randomBytes, sign, X509Certificate, type KeyObject } from "node:crypto";
import { isIP } from "node:net";

/** A certificate and its key, in PEM form. */
export interface MadeCertificate {
  readonly cert: string;
  readonly key: string;
}

export interface CertificateOptions {
  /** Common name. */
  readonly name: string;
  /** DNS names and IPv4 addresses that it is valid for. */
  readonly hosts?: readonly string[];
  /** Signs it; by default it signs itself. */
  readonly issuer?: MadeCertificate & { readonly name: string };
  readonly isCa?: boolean;
  /** Days from now until it ends; negative for one that has ended. */
  readonly days?: number;
  readonly keyType?: "ec" | "rsa";
}

const DAY_MS = 86_400_000;
/** ecdsa-with-SHA256, sha256WithRSAEncryption, commonName, basicConstraints, subjectAltName. */
const OID = { ec: "2a8648ce3d040302", rsa: "2a864886f70d01010b", name: "550403", ca: "551d13", hosts: "551d11" };

/** Makes an X.509 certificate of version 3 for tests: it protects nothing. Source: RFC 5280. */
export function makeCertificate(options: CertificateOptions): MadeCertificate & { readonly name: string } {
  const { name, hosts = [], isCa = false, days = 365, keyType = "ec", issuer } = options;
  const { publicKey, privateKey } =
    keyType === "ec"
      ? generateKeyPairSync("ec", { namedCurve: "prime256v1" })
      : generateKeyPairSync("rsa", { modulusLength: 2048 });
  const key = pemOf(privateKey);
  const signer = issuer?.key ?? key;
  const isRsa = createPrivateKey(signer).asymmetricKeyType === "rsa";
  const algorithm = sequence(oid(isRsa ? OID.rsa : OID.ec), ...(isRsa ? [tlv(0x05)] : []));
  const endMs = Date.now() + days * DAY_MS;
  const extensions = [
    sequence(
      oid(OID.ca),
      tlv(0x01, Buffer.of(0xff)),
      tlv(0x04, sequence(...(isCa ? [tlv(0x01, Buffer.of(0xff))] : []))),
    ),
    ...(hosts.length > 0 ? [sequence(oid(OID.hosts), tlv(0x04, sequence(...hosts.map(hostName))))] : []),
  ];
  const content = sequence(
    tlv(0xa0, tlv(0x02, Buffer.of(2))),
    tlv(0x02, Buffer.concat([Buffer.of(0x01), randomBytes(8)])),
    algorithm,
    distinguishedName(issuer?.name ?? name),
    sequence(time(endMs - 400 * DAY_MS), time(endMs)),
    distinguishedName(name),
    publicKey.export({ type: "spki", format: "der" }),
    tlv(0xa3, sequence(...extensions)),
  );
  const der = sequence(content, algorithm, tlv(0x03, Buffer.of(0), sign("sha256", content, signer)));
  const cert = new X509Certificate(der).toString();
  return { cert, key, name };
}

function pemOf(key: KeyObject): string {
  return key.export({ type: "pkcs8", format: "pem" }).toString();
}

function distinguishedName(name: string): Buffer {
  return sequence(tlv(0x31, sequence(oid(OID.name), tlv(0x0c, Buffer.from(name)))));
}

/** GeneralizedTime, to the second. */
function time(ms: number): Buffer {
  return tlv(0x18, Buffer.from(new Date(ms).toISOString().replace(/[-:T]|\.\d+/g, "")));
}

function hostName(host: string): Buffer {
  return isIP(host) === 4 ? tlv(0x87, Buffer.from(host.split(".").map(Number))) : tlv(0x82, Buffer.from(host));
}

function oid(hex: string): Buffer {
  return tlv(0x06, Buffer.from(hex, "hex"));
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tlv(0x30, ...parts);
}

/** One element of DER: tag, length, content. */
function tlv(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const size = content.length;
  const length = size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.of(tag, ...length), content]);
}
