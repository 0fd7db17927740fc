// Essays: syntax.

export const syntax = {
  "unknown-unit": `
A number and its unit are written together: \`10k\`, \`4M\`, \`2B\`; \`500ms\`, \`7s\`, \`15min\`, \`1h\`, \`30d\`; \`97%\`. There are no others, no
plurals, and no space between.
`,
  "bad-name": `
Names begin with a letter and go on with letters, digits and underscores. They become column names and inputs of graphs.
`,
  "missing-value": `
A setting is a name, a colon and a value. If the value is missing, the next member would be taken for it, one line late; so the
error is given here.
`,
  "block-colon": `
Blocks hold members in braces and take no colon; settings have a colon and a value:

    tower ranking {
      hidden: [200, 80]

      predict {
        click: binary
      }
    }
`,
  "foreign-comment": `
\`//\` begins a comment that ends with its line. \`///\` begins documentation of what follows: it is shown in editors and travels into the
graphs. There are no block comments.
`,
  "single-quotes": `
Strings stand in double quotes, as in \`import "./features.twin"\`.
`,
  "file-too-large": `
A model is a page or two. A file of megabytes is nearly always something else under the wrong name, and is refused before it is read.
`,
  "not-text": `
The file holds bytes that no text has. It may be compressed, or a built graph: \`twin\` reads the \`.twin\` source.
`,
} as const;
