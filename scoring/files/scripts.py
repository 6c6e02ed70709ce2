"""Which of several old encodings makes sense of bytes: Korean, Japanese, Traditional Chinese, Cyrillic, or Chinese.

The encodings of East Asia share their bytes, so that almost any text decodes in each: Korean in EUC-KR is Chinese
nonsense in GB18030. What tells them apart is how many of the characters are in daily use. Standard library only.
"""
# ruff: noqa: RUF001  # the characters are those of their languages

from __future__ import annotations

import re

_CHINESE = frozenset(
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经么"
    "去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十民第公此已工使情明性知全三又"
    "关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特代内信表化老给世位次度门任常先海通"
    "教儿原东声提立及比员解水名真论处走义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太量再感建务做接必场件计管期"
    "市直德资命山金指克许统区保至队形社便空决治展马科司五基眼书非则听白却界达光放强即像难且权思王象完设式色路记南品住告类求据程北边"
    "死张该交规万取拉格望觉术领共确传师观清今切院让识候带导争运您请谢附收查验室视预测型案组团赛评答卷参赞版终初试送份邮码杰李陈刘杨黄"
    "赵周吴徐孙朱林郭何高罗郑梁宋唐韩邓冯于董萧程曹袁清华复旦交浙江苏上海京南中科技研究所智能图像质量准集训练融合增强网络深浅层"
)
"""Characters in daily use, and those that names of teams, files and methods have."""

_TRADITIONAL = frozenset(
    "的一是不了在人有我他這個們中來上大為和國地到以說時要就出會可也你對生能而子那得於著下自之年過發後作裡用道行所然家種事成方多經麼"
    "去法學如都同現當沒動面起看定天分還進好小部其些主樣理心本前開但因只從想實日者意無力與長把機十民第公此已工使情明性知全三又關點正"
    "業外將兩高間由問很最重並物手應向頭文體政美相見利什二等產或新制身果加西月話合回特代內信表化老給世位次度門任常先海通教原東聲提立"
    "及比員解水名真論處義各入幾認條平系氣題活更別變四總何電數安少報才結反受目太量再感建務做接必場件計管期市直資命山金指許統區保至隊"
    "形社便空決展科司五基書非則聽界達光放強即像難思象完設式色路記南品告類求據程北邊該交規萬取格望覺術領共確傳師觀清切院讓識候帶導運"
    "您請謝附收查驗室視預測型檔案組團賽評答參版終初試送份郵碼灣臺"
)

_KANJI = frozenset(
    "日一国会人年大十二本中長出三同時政事自行社見月分議後前民生連五発間対上部東者党地合市業内相方四定今回新場金員九入選立開手米力学"
    "問高代明実円関決子動京目全表戦経通外最言氏現理調体化田当八六約主題下首意法不来作性的要用制治度務強気小七成期公野協取都和統以機平"
    "総加山思家話世受区領多県続進正安設保改数記院女初北午指権心界支第産結百派点教報済書府活原先共得解名交資予川向際査勝面委告軍文反元"
    "重近千考判認画海参売利組知案道信策集在件団別物側任引使求所次水半品昨論計死官増係感特情投示変打男基私各始島直両朝革価式確村提運終"
    "挙果西勢減台広容必応演電歳住争談能無再位置企真流格有疑口過局少放税検藤町常校料沢裁状工建語球営空職証土与急止送援供可役構木割聞身"
    "費付施切由説転食比難防補車優夫研収断井何南石足違消境神番規術護展態導鮮備宅害配副算視条幹独警宮究育席輸訪楽起万着乗店述残想線率病"
    "農州武声質念待試族象銀域助労例衛然早張映限親額監環験追審商葉義伝働形景落欧担好退準賞訴辺造英被株頭技低毎医復仕去姿味負閣韓渡失移"
    "添願測精室像"
)

_KOREAN = frozenset(
    "이다는을의에한고가로기지사하도시를서어인은나대자들과리아만으수정보부상그구일있것해여주전면된장성중게국제비원유스선라조동었던적용위문요"
    "생무안내신마경방관계공오될연행현소우개교세학할물모실출결업명통운와말표발력단분화당심회미재트집차파약저예반진간영특확작음금직점팀름입증"
    "참감합니첨습목처값험검평측델최종녕랩비전희희팀석박최정강윤임한오신권황송류홍드려립립브랜품질영상험터베파일제출"
)

_CYRILLIC_COMMON = frozenset("оеаинтсрвлкмдпуяыьзгбОЕАИНТСРВЛКМДПУЯЫЬЗГБ")
"""The most frequent letters of Russian, Ukrainian, Bulgarian and Serbian."""

_WORD_OF_CYRILLIC = re.compile(r"[А-ЯЁІЇЄҐ]?[а-яёіїєґў]+|[А-ЯЁІЇЄҐ]+")
_TOKEN = re.compile(r"[^\W\d_]+")
_LIKELY = 0.6
"""So much of a text must be characters in daily use to be taken for a language."""

_KANA = re.compile("[\u3041-\u30ff]")
_HANGUL = re.compile("[\uac00-\ud7a3]")
_HAN = re.compile("[\u4e00-\u9fff]")
_MARKS = re.compile("[\u3000-\u303f\uff01-\uff5e\u2010-\u2027\xb7]")


def told_apart(data: bytes, *, chinese: bool) -> str | None:
    """Return the encoding that makes sense of bytes; None where none of these does.

    `chinese` says that GB18030 gives text that may be Chinese: then another encoding must make more sense than that.
    """
    found = {
        "cp949": _korean(_decoded(data, "euc_kr")),
        "cp932": _japanese(_decoded(data, "cp932")),
        "euc_jp": _japanese(_decoded(data, "euc_jp")),
        "big5": _share(_decoded(data, "big5"), _HAN, _TRADITIONAL),
        "koi8-r": _cyrillic(_decoded(data, "koi8-r")),
        "cp1251": _cyrillic(_decoded(data, "cp1251")),
    }
    used = _in_use(_decoded(data, "gb18030")) if chinese else 0.0
    best = max(found, key=lambda name: found[name])
    if found[best] >= _LIKELY and found[best] > used:
        return best
    return "gb18030" if chinese and (used or not _is_of_another_script(data)) else None


_OTHERS = (
    ("cp1253", re.compile("[\u0386\u0388-\u038f\u0391-\u03a9]?[\u0390\u03ac-\u03ce]{2,}")),
    ("cp1255", re.compile("[\u05d0-\u05ea]{3,}")),
    ("cp1256", re.compile("[\u0621-\u064a]{3,}")),
    ("cp874", re.compile("[\u0e01-\u0e4e]{3,}")),
)
"""Words of Greek, Hebrew, Arabic and Thai, each with its encoding: these are not read, and are no Chinese either."""


def _is_of_another_script(data: bytes) -> bool:
    """Whether every word beyond ASCII is one of a script that is not read."""
    for encoding, word in _OTHERS:
        words = re.findall("[^\\x00-\\xbf]+", _decoded(data, encoding))
        if words and all(word.fullmatch(each) for each in words):
            return True
    return False


def _in_use(text: str) -> float:
    """Return how many of the Han of a text are in daily use; it may hold anything else beside them."""
    told = _HAN.findall(text)
    return sum(char in _CHINESE for char in told) / len(told) if told else _LIKELY


def _decoded(data: bytes, encoding: str) -> str:
    """Return text by an encoding, "" where it is none; a character that is cut off at the end is left out."""
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        return data[: error.start].decode(encoding) if error.start >= len(data) - 1 else ""


def _share(text: str, script: re.Pattern[str], common: frozenset[str]) -> float:
    """Return how many of the characters beyond ASCII are in daily use, of a text all in one script; else 0."""
    told = [char for char in text if not char.isascii() and not _MARKS.match(char)]
    if not told or not all(script.match(char) for char in told):
        return 0.0
    return sum(char in common for char in told) / len(told)


def _korean(text: str) -> float:
    return _share(text, _HANGUL, _KOREAN)


def _japanese(text: str) -> float:
    """Kana are of Japanese alone, where they are not single halfwidth ones."""
    told = [char for char in text if not char.isascii() and not _MARKS.match(char)]
    if not told or not all(_KANA.match(char) or _HAN.match(char) for char in told):
        return 0.0
    return sum(bool(_KANA.match(char)) or char in _KANJI for char in told) / len(told)


def _cyrillic(text: str) -> float:
    """Words of Cyrillic alone, in small letters or with one capital before them, and mostly of frequent letters."""
    words = [word for word in _TOKEN.findall(text) if not word.isascii()]
    if not words or not all(_WORD_OF_CYRILLIC.fullmatch(word) for word in words):
        return 0.0
    letters = "".join(words)
    small = sum(map(str.islower, letters))
    if len(letters) <= _SHORT or 2 * small <= len(letters):  # Hebrew gives capitals alone
        return 0.0
    return sum(char in _CYRILLIC_COMMON for char in letters) / sum(not char.isascii() for char in text)


_SHORT = 3
"""So few letters tell nothing."""
