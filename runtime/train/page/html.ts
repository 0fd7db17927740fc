// Others' words in a page: as text, and as JSON within a script.

export const text = (value: string): string =>
  value.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

/** JSON that cannot end the element it stands in. */
export const inScript = (json: string): string => json.replaceAll("<", "\\u003c");

/** What a page is made of. */
export interface Page {
  readonly title: string;
  readonly style: string;
  /** HTML within `main`, below the title. */
  readonly body: string;
  /** HTML behind it. */
  readonly scripts?: string;
}

/** One HTML page, complete in itself. */
export const htmlPage = ({ title, style, body, scripts = "" }: Page): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${text(title)}</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>${text(title)}</h1>
${body}
</main>
${scripts}</body>
</html>
`;

/** Charts of a page: their data, the library and what draws them. */
export const chartScripts = (charts: unknown, library: string, client: string): string =>
  `<script type="application/json" id="curves">${inScript(JSON.stringify(charts))}</script>
<script>${library}</script>
<script>${client}</script>
`;
