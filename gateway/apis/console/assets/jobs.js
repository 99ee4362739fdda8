// Background jobs of this key: how far they are, what came of them, what can be done with them. Knows no page.
import { button, make, redraw, table } from "./dom.js";
import { save } from "./exports.js";
import { text } from "./strings.js";

const MOST = 20; // the newest; the command lists all
const LOOKS = { running: "good", done: "good", queued: "unsure", failed: "bad", cancelled: "unsure" };

export class Jobs {
  /** `headers()` are a request's; `ask(question)` says whether to do it; `complain(message)` shows what was refused. */
  constructor(box, { headers, ask, complain }) {
    Object.assign(this, { box, headers, ask, complain, busy: false });
  }

  /** As they are now. Without jobs, or where none are kept, there is nothing to see. */
  async refresh() {
    if (this.busy) return;
    this.busy = true;
    const answer = await fetch(`/v1/jobs?limit=${MOST}`, { headers: this.headers() }).catch(() => null);
    if (answer?.ok) this.show(await answer.json());
    this.busy = false;
  }

  show({ jobs, summary }) {
    this.box.parentElement.hidden = !jobs.length;
    const counts = Object.entries(summary).filter(([, sum]) => sum.jobs);
    const said = counts.map(([state, sum]) => `${text(`job-${state}`)}: ${sum.jobs}`).join(" · ");
    const head = ["recording", "batch", "state", "progress", "results", ""].map((name) => (name ? text(name) : ""));
    redraw(this.box, make("p", "rest", said), table(head, jobs.map((job) => this.row(job))));
  }

  row(job) {
    const files = job.results.map((format) => button(format, () => this.download(job, format)));
    return [job.name, job.batch, state(job), progress(job), make("div", "acts", ...files), make("div", "acts", ...this.acts(job))];
  }

  acts(job) {
    const [open, again] = [["queued", "running"].includes(job.state), ["failed", "cancelled"].includes(job.state)];
    const gone = button(text("delete"), async () => (await this.ask(text("ask-delete", job))) && this.act("DELETE", job, ""));
    return [
      ...(open ? [button(text("stop"), () => this.act("POST", job, "/cancel"))] : []),
      ...(again ? [button(text("retry"), () => this.act("POST", job, "/retry"))] : []),
      gone,
    ];
  }

  async act(method, { id }, what) {
    const answer = await this.request(`/v1/jobs/${id}${what}`, method);
    if (answer) this.refresh();
  }

  async download({ id, name }, format) {
    const answer = await this.request(`/v1/jobs/${id}/results/${format}`, "GET");
    if (answer) save(`${name.replace(/\.\w+$/, "").replaceAll("/", "-")}.${format}`, await answer.blob());
  }

  /** The answer; what is refused, or does not come, is said. */
  async request(path, method) {
    const answer = await fetch(path, { method, headers: this.headers() }).catch(() => null);
    if (answer?.ok) return answer;
    this.complain(answer ? (await answer.json()).error.message : text("gateway-lost"));
    return null;
  }
}

function state({ state: name, error }) {
  const said = make("span", LOOKS[name], text(`job-${name}`));
  return error ? make("div", "why", said, make("p", "rest", error.message)) : said;
}

function progress({ name, state: is, progress: { stage, done_s: done, duration_s: whole, eta_s: left } }) {
  if (is !== "running" || !whole) return whole ? minutes(whole) : "–";
  const bar = make("progress");
  [bar.max, bar.value] = [whole, done];
  bar.setAttribute("aria-label", name);
  const eta = left === null ? "" : ` · ${text("left", { time: minutes(left) })}`;
  return make("div", "", bar, make("p", "rest", `${stage}, ${minutes(done)} / ${minutes(whole)}${eta}`));
}

const minutes = (s) => `${Math.floor(s / 60)}:${String(Math.floor(s % 60)).padStart(2, "0")}`;
