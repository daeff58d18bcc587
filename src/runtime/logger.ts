import { Writable } from "node:stream";
import winston from "winston";
import { redactFields } from "./redaction.ts";
import { SecretValues } from "./secret-values.ts";

export type LogLevel = "debug" | "info" | "warn" | "error";
export type LogFields = Readonly<Record<string, unknown>>;

/** Messages are constant; what varies goes into fields. An Error may be a field: it is written with its stack. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds the fields to each of its lines. */
  child(fields: LogFields): Logger;
}

export interface LoggerOptions {
  readonly level: LogLevel;
  /** `json` writes one object a line; `text` is for people. */
  readonly format: "json" | "text";
  /** Values that no line may show. */
  readonly secrets?: SecretValues;
  /** Takes each finished line, newline included. Default: standard error, so that commands own standard output. */
  readonly write?: (line: string) => void;
}

/**
 * The only place where a logger is made, so that no line escapes redaction: fields whose name says that they are
 * secret, and every value in `secrets`, wherever it stands.
 */
export function createLogger(options: LoggerOptions): Logger {
  const secrets = options.secrets ?? new SecretValues();
  const sink = winston.createLogger({
    level: options.level,
    format: winston.format.printf((info) => String(info.message)),
    transports: [transport(options.write)],
  });
  const render = options.format === "json" ? renderJson : renderText;
  return loggerWith(sink, (line) => render({ ...line, fields: redactFields(line.fields, secrets) }), {}, secrets);
}

interface Line {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields;
}

function loggerWith(
  sink: winston.Logger,
  render: (line: Line) => string,
  own: LogFields,
  secrets: SecretValues,
): Logger {
  const write = (level: LogLevel, message: string, fields?: LogFields): void => {
    if (!sink.isLevelEnabled(level)) return;
    sink.log(level, render({ level, message: secrets.redact(message), fields: { ...own, ...fields } }));
  };
  return {
    debug: (message, fields) => write("debug", message, fields),
    info: (message, fields) => write("info", message, fields),
    warn: (message, fields) => write("warn", message, fields),
    error: (message, fields) => write("error", message, fields),
    child: (fields) => loggerWith(sink, render, { ...own, ...fields }, secrets),
  };
}

function transport(write: ((line: string) => void) | undefined): winston.transport {
  if (!write) return new winston.transports.Console({ stderrLevels: ["error", "warn", "info", "debug"] });
  const stream = new Writable({
    decodeStrings: false,
    write(chunk: string, _encoding, done) {
      write(chunk);
      done();
    },
  });
  return new winston.transports.Stream({ stream, eol: "\n" });
}

function renderJson({ level, message, fields }: Line): string {
  const head = { time: new Date().toISOString(), level, message };
  // Twice: the first gives the order, the second keeps a field from taking a name of the head.
  return JSON.stringify(Object.assign({}, head, fields, head));
}

function renderText({ level, message, fields }: Line): string {
  const rest = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}=${typeof value === "string" ? quoteIfNeeded(value) : JSON.stringify(value)}`)
    .join("");
  return `${new Date().toISOString().slice(11, 23)} ${level.padEnd(5)} ${message}${rest}`;
}

function quoteIfNeeded(text: string): string {
  return /^[^\s"=]+$/.test(text) ? text : JSON.stringify(text);
}
