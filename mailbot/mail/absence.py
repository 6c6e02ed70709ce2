"""How subjects of out-of-office mails, bounces and read receipts begin, in the languages mail programs speak."""
# ruff: noqa: RUF001  # the phrases are written with the letters of their languages

from __future__ import annotations

import re

_PHRASES = (
    # English, of somebody who is away
    r"auto(matic|mated|matically)?[ -]?(reply|respon|answer|generated)",
    r"out[ -]of[ -](the )?office|ooo\b|(on )?(vacation|annual leave)\b|holiday (reply|respon|notice)",
    r"(i am |i'm )?(currently )?(away from|out of) (my|the|our) (office|desk|e-?mail|mail)",
    # English, of mail systems and receipts
    r"undeliver(ed|able)|((mail|message) )?delivery (status|fail|delay|has failed)|returned mail|failure notice",
    r"mail system error|(not )?read:|read receipt|delivered:",
    # Chinese
    r"自动(回复|答复|应答|回覆)|自動(回覆|回复|答覆|回應)|外出|休假|不在办公室|不在辦公室|(系统)?退信|投递失败|已读[:：]",
    # Japanese
    r"自動(応答|返信)|不在(通知|連絡|のお知らせ|の為|のため|につき)|休暇",
    # Korean
    r"자동 ?(응답|회신|답장)|부재 ?중|휴가",
    # German
    r"automatische (antwort|rück|e-?mail)|abwesen(d|heit)|nicht im (büro|haus)|unzustellbar|(un)?gelesen:",
    # French
    r"r[ée]ponse automatique|(notification|message|avis) d'absence|absence (du|de|:)|absente? du bureau",
    # Spanish, Portuguese, Italian
    r"respuesta autom[áa]tica|fuera de (la |mi )?oficina|ausencia|resposta autom[áa]tica|fora do escrit[óo]rio",
    r"risposta automatica|fuori (sede|ufficio)|assenza",
    # Dutch, Swedish, Danish, Norwegian, Finnish
    r"automatisch antwoord|afwezig|autosvar|automatisk[ta]? svar|frånvar|fravær|automaattinen vastaus|poissa",
    # Polish, Czech, Hungarian, Turkish, Greek
    r"autoodpowied|automatyczna odpowied|automatick[áa] odpov|automatikus v[áa]lasz|otomatik (yan[ıi]t|cevap)",
    r"αυτόματη απάντηση",
    # Russian, Ukrainian
    r"автоматический ответ|автоответ|вне офиса|автоматична відповідь",
    # Arabic, Hebrew, Indonesian, Thai, Vietnamese
    r"رد تلقائي|תשובה אוטומטית|balasan otomatis|ตอบกลับอัตโนมัติ|trả lời tự động",
)

_BEGINS = re.compile("|".join(_PHRASES), re.IGNORECASE)
_PREFIXES = re.compile(r"(\s*(\[[^\]]{0,40}\]|(re|aw|sv|antw|tr|fwd?|回复|答复|转发)\s*[:：]))*", re.IGNORECASE)
_BRACKETS = re.compile(r"[\s(（【\[*\"“]*")
_LOOKED_AT = 500  # characters


def is_absence(subject: str) -> bool:
    """Whether a decoded subject begins like that of an automatic mail, after any `Re:` and `[tag]`."""
    whole = subject[:_LOOKED_AT].replace("’", "'")
    rest = _PREFIXES.sub("", whole, count=1)
    return any(_BEGINS.match(_BRACKETS.sub("", text, count=1)) for text in (whole, rest))
