// A checkbox that checks all boxes of a name in its form. Without scripts, it stays hidden.

for (const all of document.querySelectorAll("[data-check-all]")) {
  all.closest("label").hidden = false;
  all.addEventListener("change", () => {
    for (const box of all.form.elements) if (box.name === all.dataset.checkAll) box.checked = all.checked;
  });
}
