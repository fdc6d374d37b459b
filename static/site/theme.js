// Light or dark as the reader chose; else as the page asks (data-theme-default); else as the system says.
// A classic script in the head, so that the page is never painted in the wrong colours first.
(() => {
  const root = document.documentElement;
  const KEY = "wanderers.theme";
  const fallback = root.dataset.themeDefault ?? "";

  function stored() {
    try { return localStorage.getItem(KEY + fallback) ?? ""; } catch { return ""; }
  }

  function apply(theme) {
    if (theme) root.dataset.theme = theme; else delete root.dataset.theme;
  }

  function isDark() {
    const theme = root.dataset.theme;
    return theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  }

  function choose(theme) {
    apply(theme);
    try { localStorage.setItem(KEY + fallback, theme); } catch { /* a private window forgets; that is its wish */ }
  }

  apply(stored() || fallback);
  addEventListener("DOMContentLoaded", () => {
    for (const button of document.querySelectorAll("[data-theme-switch]")) {
      const name = () => { button.textContent = isDark() ? gettext("Light") : gettext("Dark"); };
      name();
      button.hidden = false;
      button.addEventListener("click", () => { choose(isDark() ? "light" : "dark"); name(); });
    }
  });
})();
