//! What the bot says in Russian.

use super::{
    ChartWords, Words,
    alert::ALERT_RUSSIAN,
    length,
    number::{JOIN, grouped},
    silence,
};
use crate::samples::{missing::Cause, state::State};

/// After the number of a day.
const OF_MONTHS: [&str; 12] =
    ["янв", "фев", "мар", "апр", "мая", "июн", "июл", "авг", "сен", "окт", "ноя", "дек"];

/// The words of a chart in Russian.
pub const CHART_RUSSIAN: ChartWords = ChartWords {
    weekdays: ["пн", "вт", "ср", "чт", "пт", "сб", "вс"],
    months: ["янв", "фев", "мар", "апр", "май", "июн", "июл", "авг", "сен", "окт", "ноя", "дек"],
    of_months: OF_MONTHS,
    marks: ('\u{a0}', ','),
    powers: ["\u{a0}тыс.", "\u{a0}млн", "\u{a0}млрд"],
    unit: "блоки",
    best: "лучшая эталонная",
    others: "другие ноды",
    outside: |threshold| match threshold {
        Some(threshold) => format!("вне ±{threshold}"),
        None => "вне коридора".to_owned(),
    },
    state: |state| match state {
        State::Unreachable => "не отвечает",
        State::WrongChain => "подключена к другой сети",
        State::Stalled => "стоит",
        State::Behind => "отстаёт",
        State::NotScraped => "нет данных в Prometheus",
        State::NoConsensus => "нет консенсуса",
        State::Split => "эталонные ноды расходятся",
        State::Halted => "сеть остановилась",
        State::Ahead => "опережает",
        State::Ok => "не отстаёт",
        State::Gone => "больше не отслеживается",
    },
    references: |up, all| format!("эталонных {up} из {all}"),
    data_since: |first, last| format!("данные: {first}, до {last}"),
};

/// What the bot says in Russian.
pub const RUSSIAN: Words = Words {
    commands: &[
        ("hour", "Отставание за последний час"),
        ("day", "Отставание за последние сутки"),
        ("week", "Отставание за последнюю неделю"),
        ("chart", "Любой период: /chart 6h, /chart 30d polygon"),
        ("status", "Состояние всех нод"),
        ("alerts", "Активные алерты и отключённые уведомления"),
        ("silence", "Отключить уведомления о ноде: /silence my-node 2h"),
        ("help", "Что умеет этот бот"),
    ],
    chart: &CHART_RUSSIAN,
    alert: &ALERT_RUSSIAN,
    silences: &silence::RUSSIAN,
    ranges: ["1\u{a0}ч", "1\u{a0}д", "1\u{a0}нед"],
    choices: ["10\u{a0}мин", "6\u{a0}ч", "3\u{a0}д", "30\u{a0}д", "90\u{a0}д", "1\u{a0}год"],
    which_range: "Выберите период или напишите его: 90m, 6h polygon, 30d.",
    help: "Показываю, на сколько блоков ваши ноды отстают от медианы эталонных нод.\n\
        /hour, /day, /week — график за час, сутки, неделю\n\
        /chart 6h, /chart 30d polygon или просто 6h — любой период от 10m до 1y и сеть, если их несколько\n\
        /status — состояние всех нод\n\
        /alerts — активные алерты и отключённые уведомления\n\
        /silence my-node 2h — отключить уведомления о ноде на время работ\n\
        /help — эта справка\n\
        Ниже нуля — отставание. Пунктир — границы коридора: нода внутри него не отстаёт.",
    hint: "Графики: /hour, /day, /week, /chart 6h; состояние: /status; алерты: /alerts, /silence; справка: /help.",
    not_a_range: |word| {
        format!(
            "«{word}» — не период. Укажите период и, при желании, сеть: \
             /chart 90m, /chart 6h, /chart 30d polygon."
        )
    },
    out_of_bounds: "График можно построить за период от 10 минут до 365 дней: от /chart 10m до /chart 365d.",
    too_much: "Укажите один период и не больше одной сети: /chart 6h, /chart 30d polygon.",
    too_fast: "Слишком много запросов сразу: отвечу только на последние и медленнее.",

    no_data: |seconds| {
        format!(
            "В Prometheus нет данных об отслеживаемых нодах {}: проверьте, опрашивает ли он \
             headlag-exporter.",
            last(seconds)
        )
    },
    doubtful: |seconds, warning| {
        format!("В ответе Prometheus {} нет ни одной отслеживаемой ноды. {warning}", last(seconds))
    },
    more: |count| format!("и ещё {count}"),
    too_large: "Ответ Prometheus больше 32 МиБ; выберите период короче.",
    no_such_network: |asked, known| format!("Сети «{asked}» за этот период нет; известные сети: {known}."),
    tls: "Не удалось установить TLS-соединение с Prometheus: проверьте его сертификат и tls_config \
        в --prometheus.http-config-file.",
    away: "Prometheus недоступен: проверьте, запущен ли он и верно ли указан --prometheus.url.",
    timeout: "Prometheus не успел ответить; повторите через минуту или выберите период короче.",
    refused: |status| {
        format!("Prometheus отклонил запрос (код {status}): проверьте, есть ли у headlag доступ.")
    },
    failed: |status, words| {
        if words.is_empty() {
            return format!("Prometheus или прокси перед ним вернул код {status}; повторите через минуту.");
        }
        format!("Prometheus вернул ошибку (код {status}): {words}")
    },
    not_prometheus: |status| {
        format!("По адресу --prometheus.url отвечает не Prometheus (код {status}): проверьте адрес.")
    },
    not_drawn: "Не удалось построить график; причина — в журнале headlag-chartbot.",

    last,
    since: |moment| {
        // «Со второго», «со вторника», «со среды», but «с двадцатого».
        let is_hard = ["2\u{a0}", "вт", "ср"].iter().any(|begin| moment.starts_with(begin));
        format!("{} {moment}", if is_hard { "со" } else { "с" })
    },
    lag: |offset, seconds| {
        let time = seconds.filter(|seconds| offset < 0.0 && *seconds >= 0.5).map(short);
        let time = time.map(|time| format!(" ({time})")).unwrap_or_default();
        match offset {
            offset if offset < 0.0 => format!("отстаёт на {}{time}", blocks(-offset)),
            offset if offset > 0.0 => format!("опережает на {}", blocks(offset)),
            _ => "вровень с медианой".to_owned(),
        }
    },
    age: short,
    ago: |age| format!("{age} назад"),
    supports: |max, median| format!("на последнем блоке {max}, на медиане {median}"),
    halted: "сеть остановилась",

    level_at: |moment| format!("догонит примерно к {moment}"),
    level_soon: "догонит за 2\u{a0}мин",
    losing: |count, time| format!("теряет {} {time}", blocks(count)),
    a_minute: "в минуту",
    an_hour: "в час",
    catching_up: |count, minutes| {
        let minutes = counted(minutes as u64, ["минуту", "минуты", "минут"]);
        format!("догоняет: {} за {minutes}", blocks(count))
    },
    growing: "отставание растёт",

    worst: |offset, when| {
        let side = if offset < 0.0 { "отставание" } else { "опережение" };
        format!("наибольшее {side} — {} ({when})", blocks(offset.abs()))
    },
    outside: |seconds, (least, most)| {
        let corridor = if least == most {
            format!("±{}", blocks(most))
        } else {
            format!("коридора от ±{least} до ±{}", blocks(most))
        };
        format!("{} вне {corridor}", duration(seconds))
    },
    missing: |cause, seconds| {
        let cause = match cause {
            Cause::NoAnswer => "нет ответа",
            Cause::WrongChain => "другая сеть",
            Cause::NoConsensus => "нет консенсуса",
            Cause::NotScraped => "нет данных в Prometheus",
        };
        format!("{cause}: {}", duration(seconds))
    },
    longest: |count, span| format!("{}, дольше всего {span}", counted(count as u64, ["раз", "раза", "раз"])),
    noise: |reach, threshold| format!("шум достигает ±{reach}; подошёл бы порог {threshold}"),
    trouble: |cause| match cause {
        None => "вне коридора",
        Some(Cause::NoAnswer) => "без ответа",
        Some(Cause::WrongChain) => "в другой сети",
        Some(Cause::NoConsensus) => "без консенсуса",
        Some(Cause::NotScraped) => "без данных",
    },
    before: |what| format!("до того {what}"),
    on_and_off: |part, whole, what| format!("временами {what}, {part} из {whole}"),
    meaning: |state| match state {
        State::Halted => Some("ноды ни при чём"),
        State::Split | State::NoConsensus => Some("оценить ноды нельзя"),
        State::NotScraped => Some("никто не следит"),
        _ => None,
    },
    all_nodes: |count| format!("все {}", counted(count as u64, ["нода", "ноды", "нод"])),
    nothing_seen: "нет данных за этот период",
    nodes_ok: |ok, all| format!("в порядке {ok} из {}", counted(all as u64, OF_NODES)),
    more_ok: |count| format!("и ещё {count}, не отстают"),
    references: |up, all| format!("на связи {up} из {}", counted(all as u64, OF_REFERENCES)),
    times_in: |zone| format!("время: {zone}"),
    partial: "Данные неполные: часть хранилища Prometheus не ответила.",
    warning: |words| format!("Prometheus предупреждает: {words}"),
    renamed: |label| {
        format!(
            "Prometheus переименовал метку «{label}» в «exported_{label}», поэтому имена могут быть \
             неверными; задайте honor_labels: true в его scrape_config."
        )
    },
    clock: |ahead| {
        let side = if ahead > 0.0 { "спешат относительно" } else { "отстают от" };
        format!("Часы экспортёра {side} Prometheus на {}; проверьте NTP.", short(ahead.abs()))
    },
};

/// In the genitive: из 21 ноды, из 4 нод.
const OF_NODES: [&str; 3] = ["ноды", "нод", "нод"];
/// Also in the genitive: из 21 эталонной ноды, из 9 эталонных нод.
const OF_REFERENCES: [&str; 3] = ["эталонной ноды", "эталонных нод", "эталонных нод"];
const MINUTES: [&str; 3] = ["минута", "минуты", "минут"];
const HOURS: [&str; 3] = ["час", "часа", "часов"];
const DAYS: [&str; 3] = ["день", "дня", "дней"];

/// The form of a noun that goes with a whole number: 1 блок, 2 блока, 5 блоков.
fn form(count: u64, forms: [&str; 3]) -> &str {
    match (count % 10, count % 100) {
        (_, 11..=14) => forms[2],
        (1, _) => forms[0],
        (2..=4, _) => forms[1],
        _ => forms[2],
    }
}

pub(super) fn counted(count: u64, forms: [&str; 3]) -> String {
    format!("{}{JOIN}{}", grouped(count, &CHART_RUSSIAN), form(count, forms))
}

fn blocks(count: f64) -> String {
    counted(count.round() as u64, ["блок", "блока", "блоков"])
}

/// In a sentence: «за последние …». The accusative differs for one minute only.
fn last(seconds: i64) -> String {
    const ONE: [&str; 3] = ["за последнюю минуту", "за последний час", "за последний день"];
    match length(seconds).as_slice() {
        [(1, unit)] => ONE[*unit].to_owned(),
        parts => {
            format!("за последние {}", counts(parts, [["минуту", "минуты", "минут"], HOURS, DAYS]))
        }
    }
}

fn counts(parts: &[(u64, usize)], names: [[&str; 3]; 3]) -> String {
    let parts = parts.iter().map(|(count, unit)| counted(*count, names[*unit]));
    parts.collect::<Vec<_>>().join(" ")
}

/// A length of time in its largest unit, in few characters.
fn short(seconds: f64) -> String {
    let whole = seconds.max(0.0).round() as u64;
    match whole {
        0..100 => format!("{whole}{JOIN}с"),
        100..5_970 => format!("{}{JOIN}мин", (whole + 30) / 60),
        5_970..171_000 => format!("{}{JOIN}ч", (whole + 1_800) / 3_600),
        _ => counted((whole + 43_200) / 86_400, DAYS),
    }
}

/// A length of time in its two largest units.
fn duration(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    if whole < 60 {
        return counted(whole, ["секунда", "секунды", "секунд"]);
    }
    let minutes = (whole + 30) / 60;
    let parts = match minutes {
        0..60 => [(minutes, MINUTES), (0, MINUTES)],
        60..1_440 => [(minutes / 60, HOURS), (minutes % 60, MINUTES)],
        _ => [(minutes / 1_440, DAYS), (minutes % 1_440 / 60, HOURS)],
    };
    let parts = parts.iter().filter(|(count, _)| *count > 0).map(|(count, forms)| counted(*count, *forms));
    parts.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_its_plural() {
        for (offset, want) in [
            (-1.0, "отстаёт на 1 блок"),
            (-2.0, "отстаёт на 2 блока"),
            (-5.0, "отстаёт на 5 блоков"),
            (-11.0, "отстаёт на 11 блоков"),
            (-12.0, "отстаёт на 12 блоков"),
            (-21.0, "отстаёт на 21 блок"),
            (-112.0, "отстаёт на 112 блоков"),
            (104.0, "опережает на 104 блока"),
            (0.0, "вровень с медианой"),
            (-0.0, "вровень с медианой"),
        ] {
            assert_eq!((RUSSIAN.lag)(offset, None).replace(JOIN, " "), want);
        }
        for (said, want) in [
            ((RUSSIAN.worst)(-21.0, "12:04"), "наибольшее отставание — 21 блок (12:04)"),
            ((RUSSIAN.nodes_ok)(1, 2), "в порядке 1 из 2 нод"),
            ((RUSSIAN.nodes_ok)(20, 21), "в порядке 20 из 21 ноды"),
            ((RUSSIAN.references)(9.0, 9.0), "на связи 9 из 9 эталонных нод"),
            ((RUSSIAN.outside)(840.0, (5.0, 5.0)), "14 минут вне ±5 блоков"),
            ((RUSSIAN.lag)(-12.0, Some(24.0)), "отстаёт на 12 блоков (24 с)"),
            ((RUSSIAN.longest)(3, "12:04–12:09"), "3 раза, дольше всего 12:04–12:09"),
        ] {
            assert_eq!(said.replace(JOIN, " "), want);
        }
    }

    #[test]
    fn ranges_and_lengths() {
        for (seconds, want) in [
            (600, "за последние 10 минут"),
            (1_260, "за последние 21 минуту"),
            (3_600, "за последний час"),
            (5_400, "за последние 90 минут"),
            (23_400, "за последние 6 часов 30 минут"),
            (86_400, "за последние 24 часа"),
            (36 * 3_600, "за последние 36 часов"),
            (7 * 86_400, "за последние 7 дней"),
            (31 * 86_400, "за последние 31 день"),
            (3 * 86_400 + 3_600, "за последние 3 дня 1 час"),
        ] {
            assert_eq!(last(seconds).replace(JOIN, " "), want);
        }
        for (seconds, want) in [
            (15.0, "15 секунд"),
            (61.0, "1 минута"),
            (3_599.0, "1 час"),
            (12_000.0, "3 часа 20 минут"),
            (187_300.0, "2 дня 4 часа"),
        ] {
            assert_eq!(duration(seconds).replace(JOIN, " "), want);
        }
    }
}
