"""Words in the names of tools and arguments, in many languages, as long strings: data, no code.

A word that is not here is unknown, and an unknown verb is serious (DESIGN §4.4). Only words that
cannot mean anything but looking stand under `read`. Accents and case are folded; `ä` also as `ae`.
"""

from __future__ import annotations

VERBS = {
    "read": """
    get list read show describe search find fetch lookup query view count check inspect retrieve browse compare
    diff display explain validate preview whoami ping summarize summarise explore calculate estimate
    geocode echo wait peek grep glob tail ls pwd is has exists getall listall whois examine
    leer obtener listar mostrar buscar consultar ver contar encontrar lee obtén busca muestra lista
    lire obtenir lister afficher chercher rechercher consulter compter trouver voir récupérer
    lesen holen auflisten anzeigen suchen finden abfragen zeigen zählen ansehen nachschlagen lies zeige suche hole
    ler obter procurar exibir pesquisar encontrar leggere ottenere elencare mostrare cercare trovare
    visualizzare leggi
    lezen ophalen tonen zoeken opvragen bekijken vinden opzoeken
    czytaj pobierz szukaj pokaż wyświetl znajdź wyszukaj przeglądaj odczytaj czytać pobrać szukać pokazać
    läsa hämta sök hent vis søg finn
    oku getir listele ara göster bul görüntüle sorgula
    baca lihat cari ambil tampilkan dapatkan temukan daftar
    читать прочитать получить показать найти искать посмотреть прочти получи покажи найди
    chitat prochitat poluchit pokazat nayti naiti iskat posmotret
    读取 获取 查询 列出 搜索 查看 查找 检索 显示 浏览 讀取 獲取 查詢 搜尋 檢視 顯示 読む 取得 一覧 検索 表示
    閲覧 参照 읽기 조회 검색 목록 보기
    duqu huoqu chaxun liechu sousuo chakan chazhao xianshi liulan
    yomu yomikomi shutoku ichiran kensaku hyouji hyoji etsuran sanshou
    """,
    "write": """
    write create add update edit set put insert append save store upload rename move copy modify change patch
    upsert replace make mkdir touch import sync register configure enable archive restore mark label tag assign
    comment open close fork commit stage checkout merge rebase cherry schedule book reserve record log
    draft attach link unlink pin unpin start pause resume lock unlock generate init annotate convert apply
    complete submit accept reject resolve react star follow vote clone ack subscribe activate initialize initialise
    increment decrement duplicate rebuild reindex backfill adjust toggle switch swap_in override extend rewrite
    prepend inject_text format_disk snapshot backup unarchive reopen unassign untag watch unwatch like unlike mute
    escribir crear agregar añadir actualizar editar guardar mover copiar cambiar subir modificar reemplazar renombrar
    insertar escribe crea agrega actualiza guarda cambia
    écrire créer ajouter modifier mettre enregistrer déplacer copier changer remplacer renommer insérer sauvegarder
    schreiben erstellen anlegen hinzufügen aktualisieren bearbeiten speichern verschieben kopieren ändern ersetzen
    umbenennen einfügen setzen hochladen schreibe erstelle ändere speichere
    escrever criar adicionar atualizar salvar alterar inserir renomear substituir gravar
    scrivere creare aggiungere aggiornare salvare modificare spostare copiare cambiare inserire rinominare sostituire
    schrijven maken aanmaken toevoegen bijwerken bewerken opslaan wijzigen verplaatsen kopiëren vervangen hernoemen
    zapisz utwórz dodaj zmień edytuj aktualizuj przenieś kopiuj zamień stwórz zapisać utworzyć dodać zmienić
    skriva skapa spara lägg_till ändra skriv opprett lagre opret gem
    yaz oluştur ekle güncelle kaydet düzenle değiştir taşı kopyala yükle
    tulis buat tambah tambahkan ubah perbarui simpan pindahkan salin ganti sunting unggah
    писать записать создать добавить изменить обновить сохранить переместить копировать заменить переименовать
    запиши создай добавь измени обнови сохрани
    pisat zapisat sozdat dobavit izmenit obnovit sohranit peremestit zamenit pereimenovat
    写入 创建 新增 添加 增加 更新 修改 保存 编辑 设置 上传 移动 复制 重命名 替换 导入 提交 插入 变更 寫入 創建
    建立 儲存 編輯 設定 上傳
    作成 追加 書く 書き込み 編集 変更 移動 登録 設定 置換 保存する 쓰기 생성 추가 수정 저장 변경 등록 이동 업로드
    xieru chuangjian xinzeng tianjia gengxin xiugai baocun bianji shezhi shangchuan yidong fuzhi tihuan daoru
    kaku kakikomi sakusei tsuika koushin henkou henshuu hozon touroku idou settei
    """,
    "delete": """
    delete remove drop clear erase purge destroy wipe truncate prune uninstall unset discard reset revert rollback
    trash empty flush evict expunge shred cancel abort unsubscribe unregister detach disconnect nuke rm rmdir del
    terminate kill stop shutdown decommission disable overwrite force squash cleanup gc expire obliterate annihilate
    deprovision teardown undeploy unpublish deactivate withdrawal_cancel dispose recycle scrub deleteall removeall
    forget unlink_all drain evacuate zap
    borrar eliminar quitar suprimir vaciar limpiar cancelar borra elimina
    supprimer effacer enlever vider retirer détruire annuler supprime efface
    löschen entfernen verwerfen leeren vernichten stornieren abbrechen zurücksetzen lösche entferne
    apagar excluir remover deletar esvaziar limpar cancelar eliminare cancellare rimuovere svuotare distruggere
    elimina
    verwijderen wissen leegmaken vernietigen annuleren
    usuń skasuj kasuj wyczyść zniszcz anuluj usunąć skasować
    radera ta_bort slett fjern slet sil kaldır temizle iptal yok_et
    hapus buang kosongkan batalkan bersihkan musnahkan
    удалить стереть очистить уничтожить отменить сбросить удали сотри очисти
    udalit steret ochistit unichtozhit otmenit sbrosit
    删除 移除 清空 清除 销毁 抹除 注销 撤销 取消 终止 停止 禁用 卸载 重置 覆盖 丢弃 废弃 刪除 銷毀 撤銷 終止
    停用 解除 重設
    削除 消去 破棄 停止 消す 初期化 삭제 제거 지우기 취소 초기화 파기
    shanchu yichu qingkong qingchu xiaohui quxiao zhongzhi tingzhi jinyong xiezai chongzhi fugai diuqi
    sakujo shoukyo kesu haki teishi torikeshi
    """,
    "send": """
    send post publish share email mail message notify reply forward tweet broadcast submit invite dm sms call
    request navigate crawl scrape download webhook emit push upload transmit export respond announce fax dial
    unicast syndicate crosspost retweet blast deliver dispatch_mail
    enviar publicar compartir compartilhar responder reenviar mandar envia publica
    envoyer publier partager répondre transférer envoie
    senden verschicken versenden veröffentlichen teilen antworten weiterleiten mitteilen benachrichtigen sende
    inviare pubblicare condividere rispondere inoltrare invia
    verzenden versturen delen publiceren antwoorden doorsturen sturen
    wyślij opublikuj udostępnij odpowiedz przekaż wysłać
    skicka dela publicera gönder paylaş yayınla yanıtla ilet
    kirim kirimkan terbitkan bagikan balas teruskan
    отправить послать опубликовать поделиться ответить переслать отправь пошли
    otpravit poslat opublikovat podelitsya otvetit pereslat
    发送 发布 分享 转发 回复 群发 推送 通知 邮寄 发表 發送 發布 轉發 回覆 寄出 送信 投稿 共有 返信 転送 公開
    配信 보내기 전송 게시 공유 발송
    fasong fabu fenxiang zhuanfa huifu tuisong tongzhi
    soushin toukou kyouyuu henshin tensou koukai
    """,
    "pay": """
    pay transfer charge refund purchase buy order invoice withdraw deposit donate remit payout checkout_cart trade
    sell swap bid stake topup capture settle wire payin prepay rebill
    pagar comprar transferir cobrar reembolsar vender paga compra
    payer acheter virer rembourser vendre paie
    zahlen bezahlen kaufen überweisen erstatten verkaufen bestellen zahle
    pagare comprare trasferire bonifico rimborsare vendere acquistare
    betalen kopen overmaken terugbetalen verkopen
    zapłać kup przelej zwróć sprzedaj zapłacić betala köp öde satın_al satın havale iade
    bayar beli bayarkan belikan jual
    оплатить купить перевести заплатить вернуть_деньги продать оплати купи переведи
    oplatit kupit perevesti zaplatit prodat
    支付 付款 转账 购买 下单 退款 充值 提现 汇款 缴费 扣款 打款 付费 轉帳 購買 轉賬 支払う 支払 支払い 送金
    購入 返金 振込 결제 송금 구매 환불 이체
    zhifu fukuan zhuanzhang goumai xiadan tuikuan chongzhi_qian tixian huikuan
    shiharai soukin kounyuu henkin furikomi
    """,
    "execute": """
    run execute exec eval evaluate invoke spawn launch deploy script shell command bash sh build compile install
    trigger dispatch perform do apply_patch simulate click type press fill hover drag scale migrate provision
    restart reboot boot load inject play process handle act action operate control automate redeploy reinstall
    sudo_run rexec ssh cmd powershell pwsh cron
    ejecutar correr lanzar desplegar iniciar ejecuta
    exécuter lancer déployer démarrer exécute
    ausführen starten bereitstellen installieren führe_aus
    executar rodar implantar eseguire lanciare avviare esegui uitvoeren draaien
    uruchom wykonaj zainstaluj uruchomić wykonać kör köra çalıştır başlat kur
    jalankan eksekusi luncurkan pasang
    запустить выполнить развернуть установить запусти выполни
    zapustit vypolnit razvernut ustanovit
    执行 运行 部署 启动 重启 调用 安装 触发 執行 運行 啟動 重啟 安裝 実行 起動 再起動 導入 실행 배포 시작 설치
    zhixing yunxing bushu qidong chongqi diaoyong anzhuang
    jikkou kidou saikidou dounyuu
    """,
    "grant": """
    grant authorize approve permit allow revoke impersonate login logout signin signup authenticate rotate
    delegate elevate sudo chmod chown promote demote escalate trust assume authorise whitelist allowlist unban ban
    kick sign countersign
    otorgar conceder autorizar permitir aprobar aprovar revocar revogar
    accorder autoriser permettre approuver révoquer
    gewähren erlauben freigeben genehmigen berechtigen widerrufen anmelden
    autorizzare concedere permettere approvare revocare toestaan goedkeuren machtigen intrekken
    przyznaj zezwól zatwierdź odbierz bevilja tillåt yetki_ver yetkilendir onayla
    izinkan setujui berikan_akses cabut
    разрешить одобрить отозвать предоставить разреши
    razreshit odobrit otozvat predostavit
    授权 批准 撤权 登录 同意 授予 授權 核准 登入 許可 承認 付与 認可 승인 권한부여 허가 로그인
    shouquan pizhun tongyi denglu
    kyoka shounin fuyo
    """,
}

#: Read verbs that are no nouns, so that they count after a namespace word too (`acme_get_page`).
PLAIN_READ_VERBS = "get find fetch describe lookup retrieve whoami list search read show"
#: Nouns that say, as the whole name, that it only looks (`git_status`, but not `status_bump`).
READ_NOUNS = """
status info version help stats statistics log logs history stat head tail size schema usage overview summary
details health diff show list whoami tree screenshot directions elevation weather forecast timezone
"""
#: Last words that say so after nouns alone (`web_search`, `cluster_health`).
READ_TAILS = """
search status info version tree geocode matrix forecast stats statistics history details overview summary
health list lookup usage
"""
#: A read verb and a word that are another verb together.
PHRASES = """
check in|check out|check off|count down|show off|get rid|get paid|find fix|read aloud|list sale|get back|fetch pull|
read write|view once|search destroy|find kill|check fix|validate fix|wait do
"""
#: Verbs that are nouns where a read verb stands before them (`list_orders` is in no table anyway).
NOUNS_AFTER_READ = """
log message comment order invoice label tag action process command script record request link build store call mail
email copy draft star fork commit branch trade import status deposit post type transfer charge share open run
schedule snapshot backup recycle drag cron like format load play control sign trust order wire bid stake
release invite refund capture crawl broadcast scrape quote watch book pin
"""
#: What may follow `merge`, `pull`, `push` and `checkout` for them to be nouns.
NOUNS_BEFORE = "request requests conflict conflicts session sessions event events notification notifications"
#: Words between two verbs: what follows is a verb too, and must be known.
CONJUNCTIONS = "and or then und oder et ou y e og en i plus n dan atau lub ve veya puis luego dann ir o z"
#: The same within scripts without spaces.
JOINS = "并 並 且 和 及 与 與 后 後 再 然后 接着 して てから および または 및 하고 후 또는"
#: What may follow a verb within a word without making it one: created, editor, attachment, deployments, deletion.
DERIVED = """
d s r rs ed er ers or ors ment ments ee ees ation ations lation lations ion ions ing able ability dat dby don ance
ant ants ity al als ive ure ures y ies es e n ned ning red ring ted ting
"""
#: Products and namespaces that stand before the verb.
PRODUCTS = """
api mcp git github gitlab bitbucket gitea slack notion jira confluence linear asana trello todoist airtable monday
clickup stripe paypal shopify hubspot salesforce zendesk intercom twilio discord telegram whatsapp teams zoom google
gmail gdrive gcal calendar docs sheets outlook office microsoft azure aws gcp s3 ec2 lambda dynamodb rds eks ecs
k8s kubernetes kubectl helm docker podman terraform ansible jenkins circleci grafana prometheus datadog sentry
postgres pg postgresql mysql sqlite redis mongo mongodb elasticsearch es neo4j qdrant chroma pinecone snowflake
bigquery duckdb supabase neon firebase heroku vercel netlify cloudflare digitalocean obsidian evernote todo spotify
youtube reddit twitter wikipedia arxiv brave tavily exa duckduckgo ddg bing perplexity firecrawl browser playwright
puppeteer chrome devtools selenium figma miro canva memory filesystem fs maps xero paddle bitwarden line lark resend
"""
#: Nouns that say nothing of what is done; with READ_TAILS they make a name that looks.
NOUNS = """
web internet code file image images video news local place places academic docs documentation library libraries
page pages site product products customer customers user users issue issues ticket tickets project projects team
teams channel channels contact contacts account accounts repo repository repositories branch branches commit commits
index indices collection collections database table tables column columns cluster node pod service job jobs task
tasks run workflow pipeline container containers volume volumes network networks server system process memory disk
cpu health api model models dataset vector vectors similarity semantic text full people person company
companies reverse directory hybrid advanced simple complex distance
weather stock price prices flight flights hotel knowledge base event events message messages thread email emails
"""

#: Scripts drawn like a Latin letter, and what they look like (the common ones of Unicode TS 39, case-folded).
DRAWN = "авеорсухіјѕһԁԛԝьпґгкмтзαβεηικνορτυχγωıɡɑℓոսօ"
DRAWN_LIKE = "abeopcyxijshdqwbnrrkmt3abenikvoptuxywigalnuo"

DOMAINS = {
    "financial": """
    payment pay invoice price money account_balance balance card bank iban transfer refund order charge
    payout subscription billing wallet crypto stock trade budget expense tax currency amount
    """,
    "identity": """
    user role permission token key password secret credential group member login session auth oauth acl
    identity account policy iam certificate
    """,
    "infrastructure": """
    server instance cluster pod namespace node deployment deploy container docker kubernetes bucket dns
    domain network firewall volume vm lambda terraform stack queue
    """,
    "communication": """
    mail email message channel slack sms chat post tweet notification contact invite call thread url webhook
    http fetch web browser page
    """,
    "code": """
    repo repository git commit branch pull merge issue code file_contents workflow build test package shell
    command script terminal notebook
    """,
    "data": """
    file files directory folder table row record database db sql query entity entities relation document
    sheet graph observation collection index
    """,
}
