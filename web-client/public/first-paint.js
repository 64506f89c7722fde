// Runs before the first paint, so that a chosen theme or language never flashes the other one.
(() => {
  try {
    const theme = localStorage.getItem("unisson.theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
    const chosen = localStorage.getItem("unisson.language");
    const wanted = chosen ? [chosen] : navigator.languages;
    const found = wanted
      .map((tag) => tag.slice(0, 2).toLowerCase())
      .find((tag) => tag === "fr" || tag === "en");
    document.documentElement.lang = found ?? "en";
  } catch {
    // Storage is closed to us: the system's theme and the page's own language hold.
  }
})();
