// What finish/formulas.mjs calls of MathJax 3, which ships no types.

declare module "mathjax" {
  interface Adaptor<Drawn> {
    textContent(drawn: Drawn): string;
    innerHTML(drawn: Drawn): string;
    outerHTML(drawn: Drawn): string;
  }
  interface Output<Drawn> {
    clearFontCache(): void;
    fontCache: { getCache(): Drawn };
  }
  interface Started<Drawn> {
    startup: { adaptor: Adaptor<Drawn>; output: Output<Drawn> };
    svgStylesheet(): Drawn;
    tex2svg(tex: string, options: { display: boolean }): Drawn;
  }
  interface Options {
    loader: { load: string[] };
    svg: { fontCache: "global" | "local" | "none" };
  }
  const mathjax: { init(options: Options): Promise<Started<object>> };
  export default mathjax;
}
