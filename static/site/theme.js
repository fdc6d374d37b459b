// Light or dark as the reader chose; else as the page asks (data-theme-default); else as the system says.
// A classic script in the head, so that the page is never painted in the wrong colours first. Whatever keeps colours of
// its own hears of a change by the event `themechange` at the root.
(() => {
  const root = document.documentElement;
  const KEY = "wanderers.theme";
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const fallback = root.dataset.themeDefault ?? "";

  function stored() {
    try { return localStorage.getItem(KEY + fallback) ?? ""; } catch { return ""; }
  }

  function apply(theme) {
    if (theme) root.dataset.theme = theme; else delete root.dataset.theme;
  }

  function isDark() {
    const theme = root.dataset.theme;
    return theme ? theme === "dark" : dark.matches;
  }

  function choose(theme) {
    apply(theme);
    try { localStorage.setItem(KEY + fallback, theme); } catch { /* a private window forgets; that is its wish */ }
    tell();
  }

  function tell() {
    root.dispatchEvent(new Event("themechange"));
  }

  apply(stored() || fallback);
  dark.addEventListener("change", tell);
  addEventListener("DOMContentLoaded", () => {
    for (const button of document.querySelectorAll("[data-theme-switch]")) {
      const name = () => { button.textContent = isDark() ? gettext("Light") : gettext("Dark"); };
      name();
      button.hidden = false;
      button.addEventListener("click", () => choose(isDark() ? "light" : "dark"));
      root.addEventListener("themechange", name);
    }
  });
})();
