#!/usr/bin/env python3
"""aiogram as a judge of what goes over the Bot API; scripts/compat and the tests that it runs call it.

    bot_api.py requests FILE   every recorded call of a bot is valid by aiogram's models
    bot_api.py client STAGE    a bot made of aiogram does everything that headlag needs on the
                               stand-in that STAGE (JSON) describes, and can read every answer

aiogram's models are generated from the documentation of the Bot API, by others. They ignore what
they do not know; here every unknown parameter or field is an error.
"""

import asyncio
import json
import re
import struct
import sys
import zlib

from aiogram import Bot, exceptions, methods, types
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from pydantic import BaseModel, ValidationError

TEXTS = ("text", "caption")
METHODS = {
    method.__api_method__.lower(): method
    for method in vars(methods).values()
    if isinstance(method, type) and isinstance(getattr(method, "__api_method__", None), str)
}


def unknown(value, path=""):
    """Where a model holds something that it does not know."""
    if isinstance(value, BaseModel):
        for name in value.model_extra or {}:
            yield f"{path}.{name}"
        for name in type(value).model_fields:
            yield from unknown(getattr(value, name), f"{path}.{name}")
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from unknown(item, f"{path}[{index}]")


# Requests of the bot


def parameters(call):
    """The parameters of a recorded call, without the uploads that others refer to, and with
    what was sent as JSON in a form taken out of its text."""
    text = json.dumps(call["params"])
    for name, value in call["params"].items():
        if re.fullmatch(r"<\d+ bytes>", str(value)) and f"attach://{name}" in text:
            continue
        if isinstance(value, str) and value.startswith(("{", "[")) and name not in TEXTS:
            value = json.loads(value)
        yield name, value


def faults(call):
    """What is wrong with a recorded call."""
    method = METHODS.get(call["method"].lower())
    if method is None:
        return ["no such method"]
    try:
        read = method.model_validate(dict(parameters(call)))
    except (ValidationError, json.JSONDecodeError) as error:
        return [str(error)]
    return [f"unknown parameter {path}" for path in unknown(read)]


def check_requests(file):
    with open(file, encoding="utf-8") as calls:
        calls = json.load(calls)
    wrong = [f"{call['method']} {call['params']}: {fault}" for call in calls for fault in faults(call)]
    kinds = sorted({call["method"] for call in calls})
    print(f"aiogram has read {len(calls)} requests: {', '.join(kinds)}")
    if wrong or not calls:
        sys.exit("\n".join(wrong) or "no requests were recorded")


# Answers of the stand-in


class Strict(AiohttpSession):
    """A session in which an answer that aiogram does not know in full is an error."""

    def check_response(self, bot, method, status_code, content):
        response = super().check_response(bot, method, status_code, content)
        surplus = list(unknown(response.result, method.__api_method__))
        assert not surplus, f"unknown fields: {surplus} in {content}"
        return response


def png(grey):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    width, height = 320, 200
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = zlib.compress((b"\0" + bytes([grey]) * width) * height)
    picture = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    return types.BufferedInputFile(picture, "chart.png")


def photo(grey, caption):
    return types.InputMediaPhoto(media=png(grey), caption=caption)


def keyboard(text, data):
    button = types.InlineKeyboardButton(text=text, callback_data=data)
    return types.InlineKeyboardMarkup(inline_keyboard=[[button]])


async def refused(call, error, message, **more):
    try:
        await call
    except error as refusal:
        assert message in refusal.message, refusal
        for name, value in more.items():
            assert getattr(refusal, name) == value, (name, refusal)
    else:
        sys.exit(f"not refused: {message}")


async def introduce(bot, stage):
    assert (await bot.get_me()).is_bot
    assert await bot.delete_webhook()
    assert (await bot.get_webhook_info()).url == ""
    for language in (None, "ru"):
        commands = [types.BotCommand(command="hour", description="lag")]
        scope = types.BotCommandScopeAllPrivateChats()
        assert await bot.set_my_commands(commands, scope=scope, language_code=language)
        kept = await bot.get_my_commands(scope=scope, language_code=language)
        assert [command.command for command in kept] == ["hour"]
    for name, kind in [("private", "private"), ("group", "group"), ("forum", "supergroup")]:
        assert (await bot.get_chat(stage[name])).type == kind
    assert (await bot.get_chat(stage["forum"])).is_forum


async def alarm(bot, chat, topic=None):
    """An alert and its end, as headlag sends them."""
    where = {"chat_id": chat, "message_thread_id": topic}
    text = "🔴 my-node is <b>13 blocks</b> behind\nhttps://runbooks.example/behind"
    no_preview = types.LinkPreviewOptions(is_disabled=True)
    buttons = keyboard("silence 8 h", "alert silence 8h 0123456789abcdef")
    sent = await bot.send_message(
        text=text, parse_mode="HTML", link_preview_options=no_preview, reply_markup=buttons, **where
    )
    assert sent.link_preview_options.is_disabled and sent.entities[0].type == "bold"
    assert bool(sent.is_topic_message) == bool(topic) and sent.message_thread_id == topic
    assert await bot.send_chat_action(action="upload_photo", **where)
    this = {"chat_id": chat, "message_id": sent.message_id}
    card = await bot.edit_message_media(media=photo(90, "13 behind"), reply_markup=buttons, **this)
    assert card.photo and not card.text and card.caption == "13 behind"
    assert (card.message_id, card.date) == (sent.message_id, sent.date)
    assert (await bot.edit_message_caption(caption="14 behind", reply_markup=buttons, **this)).edit_date
    assert (await bot.edit_message_reply_markup(**this)).reply_markup is None
    reply = types.ReplyParameters(message_id=sent.message_id, allow_sending_without_reply=True)
    end = await bot.send_message(chat_id=chat, text="level again", reply_parameters=reply)
    assert end.reply_to_message.message_id == sent.message_id
    assert (end.is_topic_message, bool(topic)) in [(True, True), (None, False)]
    quote = types.ReplyParameters(message_id=end.message_id, quote="level")
    second = await bot.send_photo(photo=png(30), caption="a card", reply_parameters=quote, **where)
    assert second.quote.text == "level" and second.photo[-1].width == 320
    changed = await bot.edit_message_text(text="level", chat_id=chat, message_id=end.message_id)
    assert changed.text == "level" and changed.reply_to_message
    assert await bot.delete_message(chat, second.message_id)
    await refused(bot.delete_message(chat, second.message_id), exceptions.TelegramBadRequest, "not found")


async def be_refused(bot, stage):
    forbidden, bad = exceptions.TelegramForbiddenError, exceptions.TelegramBadRequest
    send = bot.send_message
    await refused(send(stage["blocked"], "x"), forbidden, "bot was blocked by the user")
    await refused(send(stage["kicked"], "x"), forbidden, "bot was kicked from the supergroup chat")
    await refused(send(99, "x"), bad, "chat not found")
    await refused(send(stage["private"], "x" * 4097), bad, "message is too long")
    closed, deleted = stage["closed_topic"], stage["deleted_topic"]
    await refused(send(stage["forum"], "x", message_thread_id=closed), bad, "TOPIC_CLOSED")
    await refused(send(stage["forum"], "x", message_thread_id=deleted), bad, "message thread not found")
    gone = types.ReplyParameters(message_id=999_999)
    await refused(send(stage["private"], "x", reply_parameters=gone), bad, "message to be replied not found")
    migrated = exceptions.TelegramMigrateToChat
    await refused(send(stage["upgraded"], "x"), migrated, "upgraded", migrate_to_chat_id=stage["supergroup"])
    await refused(bot.get_file("x"), exceptions.TelegramNotFound, "Not Found")
    busy = bot.send_photo(stage["private"], png(1), reply_markup=keyboard("x", "y" * 65))
    await refused(busy, bad, "BUTTON_DATA_INVALID")


async def poll(bot, stage):
    """Takes updates until every kind was there; the stand-in's other side presses the button."""
    buttons = keyboard("press", "alert chart")
    await bot.send_message(stage["group"], "press me", reply_markup=buttons)
    seen, offset = set(), None
    while not {"text", "topic", "upgrade", "press"} <= seen:
        for update in await bot.get_updates(offset=offset, timeout=10, allowed_updates=["message", "callback_query"]):
            offset = update.update_id + 1
            if query := update.callback_query:
                assert query.data == "alert chart" and query.message.chat.id == stage["group"]
                assert await bot.answer_callback_query(query.id, text="a card")
                seen.add("press")
            elif update.message.forum_topic_created:
                seen.add("topic")
            elif update.message.migrate_from_chat_id:
                seen.add("upgrade")
            elif update.message.text:
                seen.add("text")


async def be_client(stage):
    session = Strict(api=TelegramAPIServer.from_base(stage["url"]))
    async with Bot(stage["token"], session=session) as bot:
        await introduce(bot, stage)
        await alarm(bot, stage["private"])
        await alarm(bot, stage["group"])
        await alarm(bot, stage["forum"], stage["topic"])
        await be_refused(bot, stage)
        await poll(bot, stage)
    print("aiogram has done everything and has read every answer")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["requests", file]:
            check_requests(file)
        case ["client", stage]:
            asyncio.run(asyncio.wait_for(be_client(json.loads(stage)), 60))
        case _:
            sys.exit(__doc__)
