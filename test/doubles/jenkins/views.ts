import type { Build, BuildEngine, Cause, Item, Job, Parameters } from "./build-engine.ts";
import type { Clock } from "./clock.ts";
import type { ParameterDefinition } from "./job.ts";

/** How Jenkins shows its things as JSON. `url` is that of the request, as long as no address is configured. */
export class Views {
  readonly #engine: BuildEngine;
  readonly #clock: Clock;
  readonly #url: string;

  constructor(engine: BuildEngine, clock: Clock, url: string) {
    this.#engine = engine;
    this.#clock = clock;
    this.#url = url;
  }

  root(jobs: readonly Job[]): object {
    return {
      _class: "hudson.model.Hudson",
      mode: "NORMAL",
      numExecutors: 2,
      description: null,
      jobs: jobs.map((job) => this.#jobLink(job)),
      quietDownReason: null,
      quietingDown: this.#engine.isQuietingDown,
      url: null,
      useCrumbs: true,
      useSecurity: true,
    };
  }

  job(job: Job, children: readonly Job[]): object {
    const { config, builds, fullName, next } = job;
    const name = fullName.split("/").at(-1);
    const definitions = config.parameters.length === 0 ? {} : definitionsProperty(config.parameters);
    const base = { _class: classOf(job), displayName: name, fullName, name, url: this.jobUrl(job), description: null };
    if (isFolder(job)) return { ...base, jobs: children.map((child) => this.#jobLink(child)) };
    const waiting = this.#engine.waiting().find((item) => item.job === job);
    const last = (test: (build: Build) => boolean): object | null => {
      const build = builds.find(test);
      return build ? this.#buildLink(build) : null;
    };
    const isDone = (build: Build): boolean => this.#engine.isDone(build);
    const hasResult = (result: string) => (build: Build) => isDone(build) && build.result === result;
    return {
      ...base,
      actions: [definitions, {}],
      buildable: !config.disabled,
      disabled: config.disabled,
      color: this.#color(job),
      builds: builds.slice(0, 100).map((build) => this.build(build)),
      allBuilds: builds.map((build) => this.build(build)),
      inQueue: waiting !== undefined,
      queueItem: waiting ? this.item(waiting) : null,
      nextBuildNumber: next,
      concurrentBuild: config.concurrent,
      property: config.parameters.length === 0 ? [] : [definitions],
      lastBuild: last(() => true),
      lastCompletedBuild: last(isDone),
      lastSuccessfulBuild: last((build) => isDone(build) && ["SUCCESS", "UNSTABLE"].includes(build.result)),
      lastFailedBuild: last(hasResult("FAILURE")),
      lastUnsuccessfulBuild: last((build) => isDone(build) && build.result !== "SUCCESS"),
    };
  }

  build(build: Build): object {
    const { job, number, queueId, parameters, causes, startedMs, endsMs, result, abortedBy } = build;
    const isDone = this.#engine.isDone(build);
    return {
      _class:
        job.config.kind === "WorkflowJob"
          ? "org.jenkinsci.plugins.workflow.job.WorkflowRun"
          : "hudson.model.FreeStyleBuild",
      actions: [
        ...(parameters.length === 0 ? [] : [parametersAction(parameters)]),
        causeAction(causes),
        ...(abortedBy === undefined
          ? []
          : [
              {
                _class: "jenkins.model.InterruptedBuildAction",
                causes: [{ shortDescription: `Aborted by ${abortedBy}` }],
              },
            ]),
        {},
      ],
      building: !isDone,
      inProgress: !isDone,
      displayName: `#${number}`,
      fullDisplayName: `${job.fullName.replaceAll("/", " » ")} #${number}`,
      id: String(number),
      number,
      queueId,
      result: isDone ? result : null,
      duration: isDone ? endsMs - startedMs : 0,
      estimatedDuration: -1,
      executor: isDone ? null : {},
      timestamp: startedMs,
      url: `${this.jobUrl(job)}${number}/`,
    };
  }

  stages(build: Build): object {
    const isDone = this.#engine.isDone(build);
    const status = build.result === "FAILURE" ? "FAILED" : build.result;
    const { stages } = build.job.config;
    const each = Math.max(1, Math.round((build.endsMs - build.startedMs) / Math.max(1, stages.length)));
    const passed = Math.floor((this.#clock.now() - build.startedMs) / each);
    return {
      id: String(build.number),
      name: `#${build.number}`,
      status: isDone ? status : "IN_PROGRESS",
      startTimeMillis: build.startedMs,
      stages: stages.slice(0, passed + 1).map((name, index) => {
        const isOver = isDone || index < passed;
        const isLast = index === stages.length - 1;
        return {
          id: String(index + 1),
          name,
          status: isOver ? (isLast ? status : "SUCCESS") : "IN_PROGRESS",
          startTimeMillis: build.startedMs + index * each,
          durationMillis: isOver ? each : this.#clock.now() - build.startedMs - index * each,
        };
      }),
    };
  }

  queue(items: readonly Item[], discoverable: number): object {
    const hidden = Array.from({ length: discoverable }, () => ({ task: {} }));
    return { _class: "hudson.model.Queue", discoverableItems: hidden, items: items.map((item) => this.item(item)) };
  }

  item(item: Item): object {
    const { id, job, parameters, causes, sinceMs, readyMs, buildableMs, left } = item;
    const blocker = left ? undefined : this.#engine.blockedBy(item);
    const isWaiting = !left && buildableMs === undefined;
    const common = {
      actions: [...(parameters.length === 0 ? [] : [parametersAction(parameters)]), causeAction(causes)],
      blocked: !isWaiting && blocker !== undefined,
      buildable: !left && !isWaiting && blocker === undefined,
      id,
      inQueueSince: sinceMs,
      params: parameters.map(([name, value]) => `\n${name}=${value}`).join(""),
      stuck: job.config.label !== undefined,
      task: { ...this.#jobLink(job) },
      url: `queue/item/${id}/`,
    };
    if (left) {
      const executable = left.build ? this.#buildLink(left.build) : null;
      return { _class: "hudson.model.Queue$LeftItem", ...common, why: null, cancelled: left.cancelled, executable };
    }
    if (isWaiting) {
      const leftMs = Math.max(0, readyMs - this.#clock.now());
      const why = `In the quiet period. Expires in ${(leftMs / 1000).toFixed(1)} sec`;
      return { _class: "hudson.model.Queue$WaitingItem", ...common, why, timestamp: readyMs };
    }
    const buildableStartMilliseconds = buildableMs;
    if (blocker) {
      const why = `Build #${blocker.number} is already in progress (ETA: N/A)`;
      return { _class: "hudson.model.Queue$BlockedItem", ...common, why, buildableStartMilliseconds };
    }
    return {
      _class: "hudson.model.Queue$BuildableItem",
      ...common,
      why: this.#whyNot(item),
      buildableStartMilliseconds,
      pending: false,
    };
  }

  jobUrl({ fullName }: Job): string {
    return `${this.#url}${fullName
      .split("/")
      .map((name) => `job/${encodeURIComponent(name)}/`)
      .join("")}`;
  }

  #whyNot({ job }: Item): string {
    if (this.#engine.isQuietingDown) return "Jenkins is about to shut down";
    const { label } = job.config;
    return label === undefined ? "Waiting for next available executor" : `‘Jenkins’ doesn’t have label ‘${label}’`;
  }

  #jobLink(job: Job): object {
    const name = job.fullName.split("/").at(-1);
    return { _class: classOf(job), name, url: this.jobUrl(job), ...(isFolder(job) ? {} : { color: this.#color(job) }) };
  }

  #buildLink({ job, number }: Build): object {
    const kind =
      job.config.kind === "WorkflowJob"
        ? "org.jenkinsci.plugins.workflow.job.WorkflowRun"
        : "hudson.model.FreeStyleBuild";
    return { _class: kind, number, url: `${this.jobUrl(job)}${number}/` };
  }

  #color({ config, builds }: Job): string {
    if (config.disabled) return "disabled";
    const done = builds.find((build) => this.#engine.isDone(build));
    const colors: Record<string, string> = { SUCCESS: "blue", UNSTABLE: "yellow", FAILURE: "red", ABORTED: "aborted" };
    const color = done ? (colors[done.result] ?? "notbuilt") : "notbuilt";
    return builds.some((build) => !this.#engine.isDone(build)) ? `${color}_anime` : color;
  }
}

export function isFolder({ config }: Job): boolean {
  return config.kind === "Folder" || config.kind === "WorkflowMultiBranchProject";
}

function classOf({ config }: Job): string {
  return {
    FreeStyleProject: "hudson.model.FreeStyleProject",
    WorkflowJob: "org.jenkinsci.plugins.workflow.job.WorkflowJob",
    Folder: "com.cloudbees.hudson.plugins.folder.Folder",
    WorkflowMultiBranchProject: "org.jenkinsci.plugins.workflow.multibranch.WorkflowMultiBranchProject",
  }[config.kind];
}

function definitionsProperty(parameters: readonly ParameterDefinition[]): object {
  return {
    _class: "hudson.model.ParametersDefinitionProperty",
    parameterDefinitions: parameters.map(({ name, type, defaultValue, choices }) => ({
      _class: `hudson.model.${type}`,
      defaultParameterValue: { value: type.startsWith("Boolean") ? defaultValue === "true" : defaultValue },
      description: null,
      name,
      type,
      ...(choices.length > 0 ? { choices } : {}),
    })),
  };
}

function parametersAction(parameters: Parameters): object {
  return {
    _class: "hudson.model.ParametersAction",
    parameters: parameters.map(([name, value, type]) => {
      const _class = `hudson.model.${type.replace("Definition", "Value").replace("Choice", "String")}`;
      if (type.startsWith("Password") || type.startsWith("File")) return { _class, name };
      return { _class, name, value: type.startsWith("Boolean") ? value === "true" : value };
    }),
  };
}

function causeAction(causes: readonly Cause[]): object {
  return {
    _class: "hudson.model.CauseAction",
    causes: causes.map(({ user, remote }) =>
      remote
        ? {
            _class: "hudson.model.Cause$RemoteCause",
            shortDescription: `Started by remote host ${remote.addr} with note: ${remote.note}`,
            addr: remote.addr,
            note: remote.note,
          }
        : {
            _class: "hudson.model.Cause$UserIdCause",
            shortDescription: `Started by user ${user}`,
            userId: user,
            userName: user,
          },
    ),
  };
}
