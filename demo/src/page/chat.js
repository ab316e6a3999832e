// The chat: bubbles, photos, buttons, the menu of commands, the box to write in.

import { send, toast } from "/page/page.js";

const part = id => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";
/** A client shows what the bot does for so long, unless it writes before. */
const ACTION_LASTS = 6000;
/** A button stops waiting for the bot after so long. */
const PRESS_LASTS = 15_000;

/** The chat that is open: its id. */
let open = 0;
/** The newest message that was seen of each chat. An edit makes no message new. */
const seen = new Map();
/** Bubbles by message id. */
const bubbles = new Map();
/** Presses of this page whose answers are to be shown. */
const presses = new Set();
let lastAction = 0;
let menu = "";

function element(kind, className, text) {
  const made = document.createElement(kind);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

/** The way to the bottom, where a reader stays while new messages come. */
const scroll = {
  get atEnd() {
    const box = part("scroll");
    return box.scrollHeight - box.scrollTop - box.clientHeight < 60;
  },
  toEnd(behavior = "auto") {
    part("scroll").scrollTo({ top: part("scroll").scrollHeight, behavior });
  },
};

export function startChat() {
  part("form").addEventListener("submit", event => {
    event.preventDefault();
    const text = part("text").value.trim();
    if (text) say(text, () => (part("text").value = ""));
    part("text").focus();
  });
  part("scroll").addEventListener("scroll", () => (part("down").hidden = scroll.atEnd), { passive: true });
  part("down").addEventListener("click", () => scroll.toEnd("smooth"));
  // The keyboard of a phone or a turned screen must not hide the newest message.
  let height = 0;
  new ResizeObserver(() => {
    const box = part("scroll");
    const wasAtEnd = box.scrollHeight - box.scrollTop - (height || box.clientHeight) < 60;
    height = box.clientHeight;
    if (wasAtEnd) scroll.toEnd();
  }).observe(part("scroll"));
  document.addEventListener("visibilitychange", () => chats && showChat(chats));
  startViewer();
}

async function say(text, then) {
  if (await send("/say", { chat: open, text })) {
    then?.();
    scroll.toEnd();
  }
}

async function press(message, button, face) {
  face.classList.add("waiting");
  setTimeout(() => face.classList.remove("waiting"), PRESS_LASTS);
  const answer = await send("/press", { chat: open, message, data: button.callback_data });
  if (answer) presses.add(answer.press);
  else face.classList.remove("waiting");
}

/** The last that came. */
let chats = null;

export function showChat(all) {
  chats = all;
  const chat = all.rooms.find(room => room.id === open) ?? all.rooms[0];
  const isOther = open !== chat.id;
  open = chat.id;
  showRooms(all.rooms);
  const box = part("messages");
  const wasAtEnd = scroll.atEnd || isOther;
  const here = new Set(chat.messages.map(message => message.id));
  for (const [id, bubble] of bubbles) {
    if (!here.has(id)) {
      bubble.item.remove();
      bubbles.delete(id);
    }
  }
  let place = null;
  let day = "";
  let mine = false;
  for (const message of chat.messages) {
    const text = JSON.stringify(message);
    let bubble = bubbles.get(message.id);
    if (!bubble) {
      bubble = newBubble();
      bubbles.set(message.id, bubble);
    }
    if (bubble.shown !== text) {
      fill(bubble, message);
      bubble.shown = text;
    }
    const ofDay = dayOf(message.date);
    bubble.day.hidden = ofDay === day;
    bubble.day.textContent = ofDay;
    day = ofDay;
    const next = place ? place.nextSibling : box.firstChild;
    if (next !== bubble.item) box.insertBefore(bubble.item, next);
    place = bubble.item;
    mine = message.mine;
  }
  const isGroup = chat.id < 0;
  part("name").textContent = chat.title;
  part("empty").hidden = isGroup || chat.messages.length > 0;
  showCommands(isGroup ? [] : all.commands);
  showAction(chat, isGroup ? "group" : all.met ? "bot" : "the bot has not asked for messages yet");
  for (const { press, text } of all.toasts) {
    if (presses.delete(press)) toast(text);
  }
  if (wasAtEnd || mine && place !== showChat.last) scroll.toEnd();
  showChat.last = place;
}

/** The chats, each with how many messages are new. What is open and in sight is seen. */
function showRooms(rooms) {
  const box = part("rooms");
  box.hidden = rooms.length < 2;
  let news = 0;
  const faces = rooms.map(({ id, title, messages }) => {
    const newest = Math.max(0, ...messages.map(message => message.id));
    if (!seen.has(id) || id === open && document.visibilityState === "visible") seen.set(id, newest);
    const unseen = messages.filter(message => !message.mine && message.id > seen.get(id)).length;
    news += unseen;
    const face = element("button", "", title);
    face.type = "button";
    face.ariaCurrent = String(id === open);
    if (unseen) face.append(element("b", "", String(unseen)));
    face.onclick = () => {
      open = id;
      showChat(chats);
      scroll.toEnd();
    };
    return face;
  });
  const focused = [...box.children].indexOf(document.activeElement);
  box.replaceChildren(...faces);
  if (focused >= 0) box.children[focused]?.focus();
  document.title = `${news ? `(${news}) ` : ""}headlag demo`;
}

function newBubble() {
  const item = element("li");
  const day = element("time", "day");
  const box = element("article", "bubble");
  const reply = element("button", "reply");
  reply.type = "button";
  const photo = element("button", "photo");
  photo.type = "button";
  const picture = element("img");
  photo.append(picture);
  const text = element("div", "text");
  const foot = element("span", "foot");
  const buttons = element("div", "buttons");
  box.append(reply, photo, text, foot);
  item.append(day, box, buttons);
  return { item, day, box, reply, photo, picture, text, foot, buttons, shown: "" };
}

function fill(bubble, message) {
  const { item, box, reply, photo, picture, text, foot, buttons } = bubble;
  item.className = message.mine ? "mine" : "bots";
  item.dataset.id = message.id;
  box.classList.toggle("with-photo", Boolean(message.photo));
  reply.hidden = !message.reply;
  if (message.reply) {
    const { id, from, text } = message.reply;
    reply.replaceChildren(element("strong", "", from), element("span", "", text || "deleted message"));
    reply.setAttribute("aria-label", `Show what this replies to: ${text || "deleted message"}`);
    reply.onclick = () => bubbles.get(id)?.box.scrollIntoView({ block: "center", behavior: "smooth" });
  }
  photo.hidden = !message.photo;
  if (message.photo) {
    const { id, width, height } = message.photo;
    // The place of the picture is known before the picture comes.
    picture.width = width;
    picture.height = height;
    picture.alt = message.text ? `Chart: ${message.text}` : "Chart";
    photo.setAttribute("aria-label", "Show the chart in full size");
    photo.onclick = () => openViewer(picture);
    swap(picture, `/photo/${encodeURIComponent(id)}`);
  }
  text.hidden = !message.text;
  text.replaceChildren(...marked(message.text, message.entities));
  foot.replaceChildren(...footOf(message));
  buttons.hidden = message.buttons.length === 0;
  // A press keeps the keyboard's focus on its button through an edit.
  const focused = [...buttons.querySelectorAll("button, a")].indexOf(document.activeElement);
  buttons.replaceChildren(...message.buttons.map(row => rowOf(message, row)));
  if (focused >= 0) buttons.querySelectorAll("button, a")[focused]?.focus();
}

/** Changes a picture only when the new one is there, so that an edit does not flash. */
async function swap(picture, url) {
  if (picture.dataset.url === url) return;
  picture.dataset.url = url;
  if (picture.src) {
    const next = new Image();
    next.src = url;
    await next.decode().catch(() => {});
  }
  if (picture.dataset.url === url) picture.src = url;
}

function footOf(message) {
  const at = new Date(message.date * 1000);
  const time = element("time", "", at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }));
  time.dateTime = at.toISOString();
  time.title = at.toLocaleString();
  const parts = [time];
  if (message.edited) parts.unshift(element("span", "", "edited"));
  if (message.mine) parts.push(ticks(message.delivered));
  return parts;
}

/** One tick: sent. Two: the bot has it. */
function ticks(delivered) {
  const drawing = document.createElementNS(SVG, "svg");
  drawing.setAttribute("viewBox", "0 0 20 12");
  drawing.setAttribute("class", "ticks");
  drawing.setAttribute("role", "img");
  drawing.setAttribute("aria-label", delivered ? "the bot has it" : "sent");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", delivered ? "M2 6.5l3.5 3.5L13 2M9.5 9l1 1L18 2" : "M5 6.5l3.5 3.5L16 2");
  drawing.append(path);
  return drawing;
}

function rowOf(message, row) {
  const line = element("div", "row");
  for (const button of row) {
    let face;
    if (button.url) {
      face = element("a", "", button.text);
      face.href = /^https?:/i.test(button.url) ? button.url : "#";
      face.target = "_blank";
      face.rel = "noopener noreferrer";
    } else {
      face = element("button", "", button.text);
      face.type = "button";
      face.classList.toggle("waiting", message.waiting.includes(button.callback_data));
      face.onclick = () => press(message.id, button, face);
    }
    line.append(face);
  }
  return line;
}

const MARKS = {
  bold: "strong", italic: "em", underline: "u", strikethrough: "s", code: "code", pre: "code",
  blockquote: "q", expandable_blockquote: "q", spoiler: "span",
};

/** A text with its marks; their places are counted in UTF-16 units, as script counts too. */
function marked(text, entities) {
  const cuts = new Set([0, text.length]);
  for (const { offset, length } of entities) cuts.add(offset).add(offset + length);
  const ordered = [...cuts].sort((a, b) => a - b);
  return ordered.slice(1).flatMap((end, index) => {
    const start = ordered[index];
    const over = entities.filter(entity => entity.offset <= start && end <= entity.offset + entity.length);
    const code = over.some(({ type }) => type === "code" || type === "pre");
    const plain = code || over.some(({ type }) => type === "url" || type === "text_link");
    const inner = plain ? [text.slice(start, end)] : withCommands(text.slice(start, end));
    return over.reduce((nodes, entity) => {
      const url = entity.type === "url" ? text.slice(entity.offset, entity.offset + entity.length) : entity.url;
      if (/^https?:/i.test(url ?? "")) {
        const link = element("a");
        link.href = url;
        link.target = "_blank";
        link.rel = "noopener noreferrer";
        link.append(...nodes);
        return [link];
      }
      if (!MARKS[entity.type]) return nodes;
      const mark = element(MARKS[entity.type]);
      mark.append(...nodes);
      return [mark];
    }, inner);
  });
}

/** Commands in a text can be pressed. */
function withCommands(text) {
  return text.split(/((?<![\w/])\/[a-z][a-z0-9_]*(?![\w/]))/).map((piece, index) => {
    if (index % 2 === 0) return piece;
    const command = element("button", "command", piece);
    command.type = "button";
    command.onclick = () => say(piece);
    return command;
  });
}

function showCommands(commands) {
  const text = JSON.stringify(commands);
  if (menu === text) return;
  menu = text;
  part("commands").replaceChildren(...commands.map(({ command, description }) => {
    const chip = element("button", "", `/${command}`);
    chip.type = "button";
    chip.title = description;
    chip.onclick = () => say(`/${command}`);
    return chip;
  }));
}

const ACTIONS = { typing: "writing", upload_photo: "drawing a chart" };

function showAction({ action }, rest) {
  const box = part("doing");
  if (action && Date.now() / 1000 - action.at > ACTION_LASTS / 1000) action = null;
  if (!action || action.at === lastAction && !showAction.timer) {
    clearTimeout(showAction.timer);
    showAction.timer = 0;
    box.textContent = rest;
    box.classList.remove("busy");
    return;
  }
  if (action.at === lastAction) return;
  lastAction = action.at;
  box.textContent = ACTIONS[action.what] ?? "busy";
  box.classList.add("busy");
  clearTimeout(showAction.timer);
  showAction.timer = setTimeout(() => {
    showAction.timer = 0;
    box.textContent = rest;
    box.classList.remove("busy");
  }, ACTION_LASTS);
}

function dayOf(date) {
  const at = new Date(date * 1000);
  if (at.toDateString() === new Date().toDateString()) return "Today";
  return at.toLocaleDateString([], { weekday: "long", day: "numeric", month: "long" });
}

function startViewer() {
  const viewer = part("viewer");
  part("shut").addEventListener("click", () => viewer.close());
  viewer.addEventListener("click", event => {
    if (event.target === viewer) viewer.close();
  });
  // First all of it, then every pixel of it.
  part("full").addEventListener("click", () => viewer.classList.toggle("actual"));
}

function openViewer(picture) {
  const full = part("full");
  full.src = picture.src;
  full.width = picture.width;
  full.height = picture.height;
  full.alt = picture.alt;
  part("viewer").classList.remove("actual");
  part("viewer").showModal();
}
