import path from "node:path";

const KEBAB_CASE = /^[a-z0-9]+(-[a-z0-9]+)*(\.(test|config|d))?\.(ts|mts|js|mjs)$/;
/** Names that say nothing of what is in the file. */
const EMPTY_NAMES = /(^|-)(utils?|helpers?|manager)\./;

/** Reports a file whose name is not kebab-case or says nothing. */
export const fileNames = {
  meta: {
    type: "suggestion",
    messages: {
      kebabCase: "Name the file in kebab-case: {{name}}.",
      empty: "{{name}} says nothing: name the file after what it does.",
    },
    schema: [],
  },
  create(context) {
    const name = path.basename(context.filename);
    return {
      Program(node) {
        if (!KEBAB_CASE.test(name)) context.report({ node, messageId: "kebabCase", data: { name } });
        else if (EMPTY_NAMES.test(name)) context.report({ node, messageId: "empty", data: { name } });
      },
    };
  },
};
