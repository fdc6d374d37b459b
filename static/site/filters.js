const FILTERS = 'form[method="get"]:is(.fields, .filters)';

// On the way back, and when a page is reloaded, browsers fill in what was chosen last. Filters say what the page shows.
addEventListener("pageshow", ({ persisted }) => {
  if (!persisted && performance.getEntriesByType("navigation")[0]?.type === "navigate") return;
  for (const form of document.querySelectorAll(FILTERS)) {
    form.reset();
    for (const field of form.elements) field.dispatchEvent(new Event("input")); // for the sliders that follow fields
  }
});

// An address names only the filters that are set.
addEventListener("formdata", ({ target, formData }) => {
  if (!target.matches(FILTERS)) return;
  for (const [name, value] of [...formData]) if (value === "") formData.delete(name);
});
