// What "About" says of the subject on the page.

/** List what may be known of a subject before it is answered. */
export function showMetadata(list, subject) {
  const facts = {
    [gettext("name")]: subject.external_id,
    [gettext("position")]: subject.ra == null ? null : `${subject.ra.toFixed(5)}°, ${subject.dec.toFixed(5)}°`,
    [gettext("rate")]: subject.rate == null ? null : `${subject.rate.toFixed(1)} ″/h`,
    [gettext("time")]: subject.mjds?.[0] == null ? null : `MJD ${subject.mjds[0].toFixed(5)} UTC`,
    [gettext("bands")]: [...new Set(subject.bands ?? [])].filter(Boolean).join(", ") || null,
    ...subject.metadata,
  };
  list.replaceChildren(...Object.entries(facts).filter(([, value]) => value != null).flatMap(([name, value]) => {
    const term = document.createElement("dt");
    const detail = document.createElement("dd");
    term.textContent = name;
    detail.textContent = typeof value === "object" ? JSON.stringify(value) : value;
    return [term, detail];
  }));
}
