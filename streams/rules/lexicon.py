"""The word lists by which English is told from other languages: folded, without
accents and apostrophes.

A word stands in ENGLISH_FUNCTION only if it is frequent in English and not in the other languages written in
Latin letters ("me", "in", "was", "die" are left out), and in FOREIGN only if English does not use it.
"""


def _bytes(*lines: str) -> frozenset[bytes]:
    return frozenset(word.encode() for line in lines for word in line.replace("'", "").split())


ENGLISH_FUNCTION = _bytes(
    "the and you that with have this but my not are what they would about been can't don't i'm it's i've",
    "when she his her him your from there which their how because know feel just like really want has",
    "were who out up get them could should think if than then these those where why very much many some any",
    "only even after before never always more most other into too our us we're you're that's didn't",
    "doesn't isn't wasn't couldn't wouldn't won't haven't i'll i'd he's she's they're it there's myself",
    "yourself himself herself themselves each every both through while being did does doing had having make",
    "made making go going went back still right now need help feeling felt feels say said says tell told talk",
    "time day life people someone something anything nothing everything way things thing good bad",
    "of to be by",
)

# Together with these most words of a short English message are known.
ENGLISH = ENGLISH_FUNCTION | _bytes(
    "a am me in was we it hi hey hello ok okay yes yeah yep nope please thanks thank sorry lol hmm oh um bye",
    "morning evening night today tomorrow yesterday week month year years old friend friends family mom mum",
    "mother dad father parents brother sister husband wife boyfriend girlfriend partner kids child children",
    "son daughter work job school college boss home house money love hate sad happy angry lonely alone tired",
    "scared afraid anxious anxiety depressed depression stress stressed worried worry panic attack attacks",
    "hurt pain cry crying sleep insomnia eating food drinking therapy therapist counselor counselling doctor",
    "medication meds trauma abuse grief guilt shame fear dying dead death kill suicide suicidal",
    "can cannot cant dont im ive its thats one two three first last new long little big better worse again",
    "idk pls plz thx omg tbh u ur lmao bc cuz ttyl gtg of is will do for on at by as an or so no he i to be",
    "got give take keep come coming let lets see look find leave left stop stopped start try trying tried",
    "all over down off away here maybe sure fine great nice hard hope wish live living die relationship marriage",
    "divorce dumped broke breakup problem problems question advice question mental health self esteem confidence",
    "test exam mind heart body head man men woman women guy girl boy everyone nobody anyone nobody's else",
    "seems seem getting tonight lately already enough end done gone lost need needs wants anymore ever",
    "he'd she'd we've they've who's what's let's you've you'll ain't gonna wanna gotta dear sir",
)

FOREIGN = (
    _bytes(
        # German, Dutch, Swedish, Norwegian, Danish
        "ich nicht und mir mich dass ist sie auch wenn aber mein meine meinem kein keine keinen habe werden leben",
        "sterben mehr kann bin einfach immer wieder alles muss weiss nur noch",
        "ik niet een het mijn maar leven wil ben geen meer zijn dood",
        "jag inte och att ar mig vill jeg ikke og det livet orker orkar leva leve",
        # Spanish, Portuguese, Italian, French, Romanian
        "que quiero estoy pero porque nada vivir morir mas para una los las siento tengo muy ya nadie vida como",
        "nao eu estou muito quero morrer minha meu uma viver voce tudo",
        "sono voglio che piu mio mia vita vivere morire niente sento perche",
        "je suis pas mais vivre mourir veux moi dans est c'est j'ai avec vie rien sais plus",
        "vreau sunt nu mai mor traiesc pentru",
        # Polish, Czech, Croatian, Hungarian, Finnish, Turkish
        "nie sie jest chce zyc juz mnie jestem wszystko nechci zit zivot ne zelim vise zivjeti",
        "nem akarok elni meghalni vagyok en haluu elaa kuolla olen minua",
        "bir cok istiyorum olmek yasamak degil kendimi hayat artik",
        # Indonesian, Malay, Tagalog, Swahili, Hindi and Urdu in Latin letters
        "saya tidak ingin mati hidup aku yang dan lagi mau sudah",
        "ako ang mga mamatay buhay hindi ayoko pagod nang",
        "nataka kufa sana maisha mimi sitaki kuishi",
        "hai nahi nahin mujhe mera meri hoon hun karna raha rahi zindagi marna jeena kya bahut mein nhi",
    )
    - ENGLISH
)
