// The tabs of a browser hold the same subjects: each tells the others which ones are answered.

let channel = null;

export function tellAnswered(workflow, subject) {
  channel.postMessage({ workflow, subject });
}

/** Call `answered(subject)` for each subject of the workflow that is answered in another tab. */
export function hearAnswered(workflow, answered) {
  const open = () => {
    channel = new BroadcastChannel("wanderers.answered");
    channel.onmessage = ({ data }) => { if (data.workflow === workflow) answered(data.subject); };
  };
  open();
  addEventListener("pagehide", () => channel.close()); // or some browsers would not keep the page for the way back
  addEventListener("pageshow", ({ persisted }) => { if (persisted) open(); });
}
