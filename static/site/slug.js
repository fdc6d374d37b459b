// Fills an empty URL slug from the name as it is typed, until somebody writes a slug of their own.

function slugOf(name, longest) {
  const plain = name.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  return plain.replace(/[^a-z0-9]+/g, "-").replace(/^-/, "").slice(0, longest).replace(/-$/, "");
}

for (const slug of document.querySelectorAll("[data-slug-of]")) {
  const name = slug.form.elements[slug.dataset.slugOf];
  let isOwn = slug.value !== "";
  slug.addEventListener("input", () => { isOwn = slug.value !== ""; });
  name.addEventListener("input", () => {
    if (!isOwn) slug.value = slugOf(name.value, slug.maxLength);
  });
}
