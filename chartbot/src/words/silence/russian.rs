//! What the bot says of silences in Russian.

use super::SilenceWords;

/// What the bot says of silences in Russian.
pub const RUSSIAN: SilenceWords = SilenceWords {
    undo: "Отменить",
    remove: "Отменить отключение",

    silenced: |who, until| format!("🔕 Уведомления отключены до {until} ({who})"),
    already: |until| format!("Уже отключены до {until}"),
    gone: "Уже не активны, поэтому не отключены",
    not_silenced: "Не отключены",
    nothing_known: "Ничего не отключено: я больше не помню, о каких алертах это сообщение.",

    undone: |who| format!("🔔 Отключение уведомлений отменено ({who})"),
    still: |until| format!("🔕 Действует другое отключение, до {until}"),
    over: "Отключение уже закончилось",
    not_undone: "По-прежнему отключены",
    undo_unknown: "Я больше не помню, какие уведомления отключало это сообщение. Полный список — /alerts; \
        включить их можно в Alertmanager.",

    away: "Alertmanager недоступен: проверьте, запущен ли он и верно ли указан --alertmanager.url.",
    tls: "Не удалось установить TLS-соединение с Alertmanager: проверьте его сертификат и tls_config \
        в --alertmanager.http-config-file.",
    timeout: "Alertmanager не успел ответить; что отключено, покажет /alerts.",
    refused: |status| {
        format!("Alertmanager отклонил запрос (код {status}): проверьте, есть ли у headlag доступ к его API.")
    },
    failed: |status, words| {
        if words.is_empty() {
            return format!("Alertmanager или прокси перед ним вернул код {status}; повторите через минуту.");
        }
        format!("Alertmanager вернул ошибку (код {status}): {words}")
    },
    too_large: "Ответ Alertmanager больше 32 МиБ.",
    not_alertmanager: |status| {
        format!("По адресу --alertmanager.url отвечает не Alertmanager (код {status}): проверьте адрес.")
    },

    again: |moment| format!("снова активен с {moment}"),
    goes_on: |until| format!("Уведомления отключены до {until}."),
    ran_out: "🔔 Уведомления снова включены. Всё ещё активно",
    removed: "🔔 Уведомления включены досрочно. Всё ещё активно",

    calm: "🟢 Активных алертов нет.",
    quiet: "🔕 Уведомления обо всех активных алертах отключены.",
    silences: "Уведомления отключены",
    until_by: |until, who| {
        if who.is_empty() { format!("до {until}") } else { format!("до {until} ({who})") }
    },
    unused: "активных алертов нет",
    unknown: |why| format!("Какие уведомления отключены, неизвестно. {why}"),
    none: "Чтобы видеть и отключать уведомления, задайте --alertmanager.url.",

    how: "Укажите ноду, срок от 1 минуты до 30 дней и сеть, если их несколько: \
        /silence my-node 2h, /silence my-node 2h polygon.",
    not_allowed: |chat| {
        format!(
            "/silence доступна только тем, чей личный чат получает алерты; чтобы разрешить её здесь, добавьте \
             {chat} в --telegram.alert-chats."
        )
    },
    no_such_node: |asked, known| format!("Ноды «{asked}» нет; известные ноды: {known}."),
    which_network: |node, networks| {
        format!(
            "Нода {node} есть в нескольких сетях: {networks}. Добавьте одну из них: /silence {node} 2h СЕТЬ."
        )
    },
};
