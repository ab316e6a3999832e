// The side strip: the simulated world right now, and its levers.

import { send, setTrouble } from "/page/page.js";

const part = id => document.getElementById(id);
const number = new Intl.NumberFormat("en");
/** A distance of a million has no room, and its last digit says nothing. */
const round = new Intl.NumberFormat("en", { notation: "compact" });
const distance = blocks => (blocks < 10_000 ? number : round).format(blocks);
/** Rows of the lists by name. */
const rows = new Map();

const TROUBLES = {
  bad_gateway: "answers “502 Bad Gateway”",
  html: "answers with a login page",
  silent: "does not answer",
  slow: "answers after 3 seconds",
  too_many_requests: "says “too many requests”",
  conflict: "says that a second bot takes the messages",
};
const CONDITIONS = { starting: "starting", running: "running", stopping: "stopping", stopped: "stopped" };

const switches = () => document.querySelectorAll("[data-lever]");
const choiceOf = lever => document.querySelector(`[data-of="${lever}"]`);

export function startStrip() {
  for (const face of switches()) {
    const { lever, off, on } = face.dataset;
    const choice = choiceOf(lever);
    const pull = () => {
      const to = JSON.parse(!face.checked ? off : choice ? choice.value : on);
      send("/lever", { lever, to });
    };
    face.addEventListener("change", pull);
    choice?.addEventListener("change", () => face.checked && pull());
  }
  part("normal").addEventListener("click", () => send("/lever", { lever: "normal" }));
  part("toggle").addEventListener("click", () => open(true));
  part("close").addEventListener("click", () => open(false));
  addEventListener("keydown", event => {
    if (event.key === "Escape" && !part("viewer").open) open(false);
  });
}

/** On a phone the strip lies over the chat. */
function open(shown) {
  if (document.body.classList.toggle("strip-open", shown)) part("close").focus();
  else if (part("toggle").getAttribute("aria-expanded") === "true") part("toggle").focus();
  part("toggle").setAttribute("aria-expanded", shown);
}

export function showStrip(strip) {
  showLevers(strip.levers);
  part("median").textContent =
    strip.median === null ? "too few references answer" : `median ${number.format(strip.median)}`;
  for (const node of strip.nodes) showNode(strip, node);
  const prometheus = CONDITIONS[strip.prometheus] ?? "ended";
  row("services", "Prometheus", prometheus === "running" ? "good" : "bad", prometheus, "");
  const telegram = TROUBLES[strip.levers.telegram];
  row("services", "Telegram", telegram ? "bad" : "good", telegram ? "in trouble" : "ok", "");
  setTrouble(telegram ? `Telegram is in trouble: it ${telegram}. What you write waits.` : "");
}

function showLevers(levers) {
  let pulled = 0;
  for (const face of switches()) {
    const { lever, off } = face.dataset;
    const value = JSON.stringify(levers[lever]);
    const on = value !== off;
    face.checked = on;
    pulled += on;
    const choice = choiceOf(lever);
    // Not while a person is choosing; and a value of somebody else may have no name here.
    if (on && choice && choice !== document.activeElement) {
      const known = [...choice.options].some(option => option.value === value);
      if (known) choice.value = value;
    }
  }
  part("normal").disabled = pulled === 0;
  part("pulled").hidden = pulled === 0;
  part("pulled").textContent = pulled;
  part("pulled").setAttribute("aria-label", `${pulled} pulled`);
}

function showNode({ median, threshold }, { name, role, block, lever }) {
  if (block === null) {
    row("nodes", name, "bad", "no answer", lever ?? "", role);
    return;
  }
  const lag = median === null ? null : median - block;
  const outside = lag !== null && Math.abs(lag) > threshold;
  const place =
    lag === null ? "" : lag === 0 ? "level" : lag > 0 ? `${distance(lag)} behind` : `${distance(-lag)} ahead`;
  row("nodes", name, lag === null ? "unknown" : outside ? "bad" : "good", place, lever ?? "", role, number.format(block));
}

/** A line of a list: a dot, a name, what a lever makes of it, a number, a word. */
function row(list, name, state, word, lever, role = "", figure = "") {
  let line = rows.get(name);
  if (!line) {
    const item = document.createElement("li");
    line = { item };
    for (const column of ["dot", "name", "pull", "figure", "word"]) {
      line[column] = item.appendChild(document.createElement("span"));
      line[column].className = column;
    }
    rows.set(name, line);
    // The node that all is about comes first.
    if (role === "watched") part(list).prepend(item);
    else part(list).append(item);
  }
  line.item.className = `${state} ${role}`;
  line.item.dataset.name = name;
  const texts = { name, figure, word, pull: lever };
  for (const [column, text] of Object.entries(texts)) {
    if (line[column].textContent !== text) line[column].textContent = text;
  }
}
