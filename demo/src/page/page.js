// The page: asks the demo for news, again and again, and hands each part to who shows it.

import { showChat, startChat } from "/page/chat.js";
import { showStrip, startStrip } from "/page/strip.js";

const part = id => document.getElementById(id);
const versions = { chat: "", strip: "" };
let away = false;
let broken = "";

/** Tells something for a few seconds. */
export function toast(text) {
  const box = part("toast");
  box.textContent = text;
  box.classList.add("shown");
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => box.classList.remove("shown"), 4000);
}

/** Sends what a person did; the answer, or nothing where it went wrong. */
export async function send(path, what) {
  try {
    const answer = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(what),
    });
    if (answer.ok) return await answer.json();
    toast(`The demo refused: ${await answer.text()}`);
  } catch {
    toast("The demo does not answer. Is it still running?");
  }
  return null;
}

/** What is wrong with Telegram, in words; empty where nothing is. */
export function setTrouble(text) {
  broken = text;
  tellTrouble();
}

function tellTrouble() {
  const text = away ? "The demo does not answer. Is it still running?" : broken;
  const box = part("trouble");
  box.hidden = !text;
  if (box.textContent !== text) box.textContent = text;
}

async function news() {
  const answer = await fetch(`/state?${new URLSearchParams(versions)}`, {
    // A little longer than the demo keeps us waiting.
    signal: AbortSignal.timeout(35_000),
  });
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  return answer.json();
}

async function follow() {
  for (let pause = 250; ; ) {
    try {
      const { chat, strip } = await news();
      if (chat) {
        showChat(chat);
        versions.chat = chat.version;
      }
      if (strip) {
        showStrip(strip);
        versions.strip = strip.version;
      }
      away = false;
      pause = 250;
    } catch (error) {
      console.warn(error);
      away = true;
      await new Promise(done => setTimeout(done, pause));
      pause = Math.min(pause * 2, 4000);
    }
    tellTrouble();
  }
}

startChat();
startStrip();
follow();
