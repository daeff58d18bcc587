/** What a multibranch job writes into the name of a branch's job, percent-encoded. Source: branch-api, NameEncoder. */
const ENCODED_IN_BRANCH = /[#%/?[\]\\]/g;

/**
 * Path of a job below Jenkins' root, without a slash at its end.
 *
 *   jobPath("team/app")                 // /job/team/job/app
 *   jobPath("team/app", "feature/x")    // /job/team/job/app/job/feature%252Fx
 */
export function jobPath(job: string, branch?: string): string {
  const names = job.split("/");
  if (branch !== undefined) names.push(branchJobName(branch));
  return names.map((name) => `/job/${encodeURIComponent(name)}`).join("");
}

/** The full name that Jenkins gives a branch's job: `team/app/feature%2Fx`. */
export function fullJobName(job: string, branch?: string): string {
  return branch === undefined ? job : `${job}/${branchJobName(branch)}`;
}

function branchJobName(branch: string): string {
  if (branch === "." || branch === "..") return branch.replaceAll(".", "%2E");
  return branch.replaceAll(ENCODED_IN_BRANCH, (character) => `%${hexOf(character)}`);
}

function hexOf(character: string): string {
  return character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0");
}
