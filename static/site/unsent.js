// Answers that wait in this browser: every page with the site's header sends those of whoever is signed in, and says what
// still waits and whose it is. The classify page does so by itself.
import { isOf, OutboxStore } from "../classify/outbox_store.js";

const note = document.querySelector("[data-unsent]");
const me = { id: Number(note.dataset.unsent) || null, name: note.dataset.name };

async function send(stored) {
  const { Api } = await import("../classify/api.js");
  const { Outbox } = await import("../classify/outbox.js");
  const { othersSentence, refusedSentence, waitingSentence } = await import("../classify/replies.js");
  const api = new Api({ classifications: "/api/classifications/" });
  const own = stored.filter((request) => isOf(request, me));
  const left = new Map(); // by workflow: {count, why}
  const refused = [];
  const say = () => {
    const waiting = [...left.values()].filter(({ count }) => count);
    const count = waiting.reduce((sum, each) => sum + each.count, 0);
    const lines = [...refused, count ? waitingSentence(count, waiting[0].why) : "", othersSentence(stored, me)];
    note.textContent = lines.filter(Boolean).join(" ");
    note.hidden = !note.textContent;
  };
  say();
  for (const workflow of new Set(own.map(({ key }) => key.split(".")[0]))) {
    const outbox = await Outbox.open(api, workflow, me, {
      sent() {},
      refused(request, sentence) { refused.push(refusedSentence(request, sentence)); say(); },
      waiting(count, why) { left.set(workflow, { count, why }); say(); },
    });
    await outbox.flush();
  }
}

const stored = await (await OutboxStore.open()).all("");
if (stored.length) await send(stored);
