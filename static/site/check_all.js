// A checkbox that checks all boxes of a name in its form. Without scripts, it stays hidden.

function show(root) {
  for (const all of root.querySelectorAll("[data-check-all]")) all.closest("label").hidden = false;
}

document.addEventListener("change", ({ target: all }) => {
  if (!all.dataset.checkAll) return;
  for (const box of all.form.elements) if (box.name === all.dataset.checkAll) box.checked = all.checked;
});

show(document);
document.addEventListener("htmx:load", ({ target }) => show(target));
