// The selection kernel in a page: the same bits as in Node.
import { describe, expect, it } from "vitest";
import { pageScript, useBrowser } from "../kit/browser.ts";
import { golden } from "../kit/kernel-golden.ts";
import { needs } from "../kit/needs.ts";

describe("the kernel in a page", needs("chromium"), () => {
  const browser = useBrowser();

  it("keeps and pools to the bit what it does in Node", async () => {
    const contents = `
      import { kernelSum } from "./test/kit/kernel-golden.ts";
      document.title = await kernelSum();`;
    const routes = {
      "/": `<!doctype html><title>waiting</title><script type="module" src="/page.js"></script>`,
      "/page.js": await pageScript({ contents }),
    };
    const page = await browser.open((await browser.site({ routes })).origin);
    await expect.poll(() => page.title(), { timeout: 60_000 }).not.toBe("waiting");
    expect(await page.title()).toBe(golden);
  });
});
