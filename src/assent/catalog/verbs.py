"""Words in tool and argument names, and what they vote for; English and others.

A word that is not here is unknown, and an unknown verb is serious (DESIGN §4.4).
Only words that cannot mean anything but looking stand under `read`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache

_VERBS: Mapping[str, str] = {
    "read": """
        get list read show describe search find fetch lookup query view count check inspect retrieve browse compare
        diff display explain validate preview whoami ping summarize
        leer obtener listar mostrar buscar consultar ver contar
        lire obtenir lister afficher chercher rechercher consulter compter
        lesen holen auflisten anzeigen suchen finden abfragen zeigen zaehlen
        ler obter mostrar procurar leggere ottenere elencare mostrare cercare
        lezen ophalen tonen zoeken czytaj pobierz szukaj pokaz
        läsa hämta visa sök oku getir listele ara goster
        читать получить показать найти список искать
        读取 获取 查询 列出 搜索 查看 読む 取得 一覧 検索 表示 읽기 조회 검색 목록
    """,
    "write": """
        write create add update edit set put insert append save store upload rename move copy modify change patch
        upsert replace make mkdir touch import sync register configure enable archive restore mark label tag assign
        comment open close fork commit stage checkout merge rebase cherry schedule book reserve upload record log
        draft attach link unlink pin unpin start pause resume lock unlock generate init annotate convert apply
        complete submit accept reject resolve react star follow vote clone ack subscribe activate
        escribir crear agregar anadir actualizar editar guardar mover copiar cambiar subir
        ecrire creer ajouter modifier mettre enregistrer deplacer copier changer
        schreiben erstellen anlegen hinzufuegen aktualisieren bearbeiten speichern verschieben kopieren aendern
        escrever criar adicionar atualizar salvar scrivere creare aggiungere aggiornare salvare
        schrijven maken toevoegen bijwerken opslaan zapisz utworz dodaj zmien skriva skapa spara
        yaz olustur ekle guncelle kaydet писать записать создать добавить изменить обновить сохранить
        写入 创建 新增 添加 更新 修改 保存 編集 作成 追加 書く 保存する 쓰기 생성 추가 수정 저장
    """,
    "delete": """
        delete remove drop clear erase purge destroy wipe truncate prune uninstall unset discard reset revert rollback
        trash empty flush evict expunge shred cancel abort unsubscribe unregister detach disconnect nuke rm rmdir del
        terminate kill stop shutdown decommission disable overwrite force squash cleanup gc expire
        borrar eliminar quitar supprimer effacer enlever vider loeschen entfernen verwerfen leeren
        apagar excluir remover deletar eliminare cancellare rimuovere verwijderen wissen usun skasuj kasuj
        radera ta_bort sil kaldir удалить стереть очистить
        删除 移除 清空 清除 刪除 削除 消去 삭제 제거 지우기
    """,
    "send": """
        send post publish share email mail message notify reply forward tweet broadcast submit invite dm sms call
        request navigate crawl scrape download webhook emit push upload transmit export respond announce
        enviar publicar compartir responder envoyer publier partager repondre senden veroeffentlichen teilen antworten
        inviare pubblicare condividere verzenden versturen delen wyslij opublikuj skicka dela gonder paylas
        отправить послать опубликовать
        发送 发布 分享 送信 投稿 共有 보내기 전송 게시
    """,
    "pay": """
        pay transfer charge refund purchase buy order invoice withdraw deposit donate remit payout checkout_cart trade
        sell swap bid stake topup capture settle wire
        pagar comprar transferir cobrar payer acheter virer rembourser zahlen bezahlen kaufen ueberweisen
        pagare comprare trasferire bonifico betalen kopen zaplac kup przelej betala kopa ode satin_al
        оплатить купить перевести заплатить
        支付 付款 转账 购买 支払う 支払 送金 購入 결제 송금 구매
    """,
    "execute": """
        run execute exec eval evaluate invoke spawn launch deploy script shell command bash sh build compile install
        trigger dispatch perform do apply_patch simulate click type press fill hover drag scale migrate provision
        restart reboot boot load inject play process handle act action operate control automate
        ejecutar correr executer lancer ausfuehren starten executar rodar eseguire uitvoeren uruchom wykonaj
        kor calistir запустить выполнить
        执行 运行 部署 実行 起動 실행 배포
    """,
    "grant": """
        grant authorize approve permit allow revoke impersonate login logout signin signup authenticate rotate
        delegate elevate sudo chmod chown promote demote escalate trust assume
        otorgar conceder autorizar accorder autoriser gewaehren erlauben freigeben autorizzare concedere
        toestaan przyznaj bevilja yetki_ver разрешить
        授权 批准 許可 承認 승인 권한부여
    """,
}

#: Read verbs that are no nouns, so that they count after a namespace word too (`notion_get_page`).
PLAIN_READ_VERBS = frozenset({"get", "find", "fetch", "describe", "lookup", "retrieve", "whoami"})
#: Nouns that say, as the whole name, that it only looks (`git_status`, but not `status_bump`).
READ_NOUNS = frozenset({"status", "info", "version", "help", "stats", "log", "logs", "history", "stat", "head", "tail"})
#: A read verb and a particle that are another verb together.
_PHRASES = frozenset(
    {("check", "in"), ("check", "out"), ("check", "off"), ("count", "down"), ("show", "off"), ("get", "rid")}
    | {("get", "paid"), ("find", "fix"), ("read", "aloud")}
)
#: Most characters of a name that are read.
LONGEST_NAME = 256
#: Words between two verbs: what follows is a verb too, and must be known.
CONJUNCTIONS = frozenset({"and", "or", "then", "und", "oder", "et", "ou", "y", "e", "og", "en", "i"})
#: Past forms and objects that are nothing that happens (`list_commits` is in no table anyway).
_NOUNS_AFTER_READ = frozenset({"log", "message", "comment", "order", "invoice", "label", "tag", "action", "process",
                               "command", "script", "record", "request", "link", "build", "store", "call", "mail",
                               "email", "copy", "draft", "star", "fork", "commit", "branch", "trade", "import",
                               "status", "deposit", "post", "type", "transfer", "charge", "share", "open"})  # fmt: skip

_DOMAINS: Mapping[str, str] = {
    "financial": "payment pay invoice price money account_balance balance card bank iban transfer refund order charge "
    "payout subscription billing wallet crypto stock trade budget expense tax currency amount",
    "identity": "user role permission token key password secret credential group member login session auth oauth acl "
    "identity account policy iam certificate",
    "infrastructure": "server instance cluster pod namespace node deployment deploy container docker kubernetes bucket "
    "dns domain network firewall volume vm lambda terraform stack queue",
    "communication": "mail email message channel slack sms chat post tweet notification contact invite call thread "
    "url webhook http fetch web browser page",
    "code": "repo repository git commit branch pull merge issue code file_contents workflow build test package shell "
    "command script terminal notebook",
    "data": "file files directory folder table row record database db sql query entity entities relation document "
    "sheet graph observation collection index",
}


def _fold(word: str) -> str:
    decomposed = unicodedata.normalize("NFKD", word.casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def _table(source: Mapping[str, str]) -> Mapping[str, frozenset[str]]:
    table: dict[str, frozenset[str]] = {}
    for meaning, text in source.items():
        for word in text.split():
            key = _fold(word)
            table[key] = table.get(key, frozenset()) | {meaning}
    return table


VERBS: Mapping[str, frozenset[str]] = _table(_VERBS)
DOMAIN_WORDS: Mapping[str, frozenset[str]] = _table(_DOMAINS)
#: Scripts without spaces between words: a verb is looked for anywhere in the name.
UNSPACED: Mapping[str, frozenset[str]] = {
    word: meanings
    for word, meanings in VERBS.items()
    if re.match("[\u1100-\u11ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]", word)
}


@lru_cache(maxsize=4096)
def words(name: str) -> tuple[str, ...]:
    """The words of an identifier: `getUserByID2` → `get user by id 2`; folded, without accents."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", unicodedata.normalize("NFKC", name))
    return tuple(_fold(word) for word in re.split(r"[\W_]+", spaced) if word)


def effects_of(name: str, namespace: frozenset[str] = frozenset()) -> tuple[frozenset[str], str]:
    """What the verbs of a name vote for, and why.

    Every known serious word counts wherever it stands; `read` counts only as the
    first word (after words of `namespace`) or as an unmistakable verb, and only if
    nothing serious stands beside it.
    """
    if len(name) > LONGEST_NAME:
        return frozenset({"unknown"}), f"name `{name[:64]}…`: too long to be read"
    parts = list(words(name))
    while len(parts) > 1 and parts[0] in namespace:
        parts.pop(0)
    unspaced = {effect for word, found in UNSPACED.items() if any(word in part for part in parts) for effect in found}
    if unspaced:
        serious = frozenset(unspaced - {"read"})
        return (serious or frozenset({"read"})), f"name `{name}`: {', '.join(sorted(serious or unspaced))}"
    reading = _reads(parts)
    serious = frozenset(
        effect
        for place, part in enumerate(parts)
        for effect in VERBS.get(part, frozenset())
        if effect != "read" and not (reading and (part in _NOUNS_AFTER_READ if place else part in READ_NOUNS))
    )
    if serious:
        return serious, f"name `{name}`: verb for {', '.join(sorted(serious))}"
    if reading:
        return frozenset({"read"}), f"name `{name}`: reads"
    return frozenset({"unknown"}), f"name `{name}`: no verb that is known"


def _reads(parts: list[str]) -> bool:
    """Is the leading verb one that only looks, with no second, unknown verb joined to it?"""
    for place, part in enumerate(parts[:-1]):
        if part in CONJUNCTIONS and "read" not in VERBS.get(parts[place + 1], frozenset()):
            return False
    if tuple(parts[:2]) in _PHRASES:
        return False
    if len(parts) == 1 and parts[0] in READ_NOUNS:
        return True
    if parts and VERBS.get(parts[0], frozenset()) == {"read"}:
        return True
    return len(parts) > 1 and parts[1] in PLAIN_READ_VERBS
