// Bokeh styles its figures with <style> elements, and the page's policy applies only those that carry its nonce.
(() => {
  const { nonce } = document.currentScript;
  const create = document.createElement.bind(document);
  document.createElement = (...asked) => {
    const element = create(...asked);
    if (element instanceof HTMLStyleElement) element.nonce = nonce;
    return element;
  };
})();
