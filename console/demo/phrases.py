"""The words that demo records are composed of. Invented; longer than a room because it is data, not code.

`{slot}` is filled from the table of that name. Crisis lines say distress as people say it, without a method.
"""

SLOTS: dict[str, tuple[str, ...]] = {
    "person": (
        "my older brother", "my sister", "my mother", "my dad", "my stepfather", "my roommate", "my best friend",
        "my neighbour", "my manager", "my supervisor", "my partner", "my husband", "my wife", "my girlfriend",
        "my boyfriend", "my cousin", "my grandmother", "my uncle", "my teenage son", "my daughter", "my landlord",
        "my coach", "a woman from my choir", "the nurse on my ward", "my study partner", "my in-laws", "my ex",
    ),
    "time": (
        "last week", "two months ago", "since the spring", "for almost a year", "every Sunday evening", "lately",
        "since we moved", "since the new schedule", "most mornings", "after the holidays", "since my birthday",
        "for about six weeks", "ever since the move", "in the middle of the night", "on the way to work",
        "whenever it rains", "at the end of each month", "right before dinner", "since school began again",
    ),
    "place": (
        "at work", "at home", "in the kitchen", "on the bus", "in the supermarket", "in class", "at the clinic",
        "in the car park", "at family dinners", "in our little flat", "at the gym", "in meetings", "at church",
        "on the ward", "in the library", "at the bakery where I work", "on video calls", "in the waiting room",
    ),
    "feeling": (
        "worn out", "on edge", "ashamed", "lonely", "numb", "restless", "irritable", "overlooked", "guilty",
        "anxious", "embarrassed", "stuck", "sad for no clear reason", "jealous", "angry at myself", "homesick",
        "invisible", "flat", "panicky", "resentful", "unsure of everything", "like a burden at the table",
    ),
    "event": (
        "lost a job I loved", "failed an exam twice", "ended an engagement", "moved to a town where I know nobody",
        "found out about the affair", "got passed over for a promotion", "had a miscarriage", "lost our dog",
        "became a parent", "started night shifts", "dropped out of a course", "took in my father",
        "stopped talking to half of my family", "got robbed on my own street", "got a diagnosis I did not expect",
        "quit drinking", "came back from a deployment", "had a small car accident", "had a bad panic attack",
        "opened a shop that barely pays", "came out to my parents", "buried my grandfather", "sold the house",
    ),
    "body": (
        "my chest gets tight", "I wake at four and cannot sleep again", "my hands shake", "I forget to eat",
        "my stomach turns", "I grind my teeth", "my heart races for no reason", "I get headaches behind one eye",
        "I cannot take a full breath", "I sleep eleven hours and am still tired", "my jaw hurts",
        "I cry in the shower", "my legs feel heavy", "I sweat through my shirt", "my thoughts will not slow down",
    ),
    "task": (
        "answer a simple message", "open the post", "clean the kitchen", "pick up the phone", "hand in a report",
        "leave the house before noon", "sit through a film", "cook for myself", "speak up in a meeting",
        "pay the bills on time", "go to the dentist", "drive on the motorway", "read a whole page", "say no",
        "ask for help with the baby", "finish what I begin", "make a decision about anything",
    ),
    "thing": (
        "the garden", "my old guitar", "swimming", "baking bread", "the Saturday market", "long walks", "painting",
        "the football group", "reading to the children", "my bicycle", "chess in the park", "singing",
        "repairing radios", "knitting", "the allotment", "running by the canal", "volunteering at the shelter",
    ),
    "belief": (
        "I should have it together by now", "everyone else copes better", "I only take up room",
        "if I rest I am lazy", "nobody would understand", "asking for help is weak", "I ruin every good thing",
        "I owe them an explanation", "one mistake proves it", "I will always be the odd one out",
        "good parents never lose their temper", "I must never disappoint anyone", "it was my fault",
    ),
    "city": ("Harlow Bay", "Pellingford", "Ostermoor", "Lindhaven", "Marrow Creek", "Tindal", "Wexcombe", "Sarn Hill"),
    "first": ("Ines", "Marek", "Tobias", "Leila", "Oona", "Desmond", "Priya", "Yusuf", "Carmen", "Halvard", "Noor", "Elke"),
    "hour": ("ten minutes", "half an hour", "an hour", "a quarter of an hour", "five minutes", "one evening a week"),
    "number": ("two", "three", "four", "five", "six", "seven", "nine", "a dozen"),
}  # fmt: skip

OPENINGS = (
    "I have never written to anyone about this before.", "Hi, I hope this is the right place.",
    "I am {feeling} and I do not really know where to begin.", "This may sound small, but it is not small to me.",
    "I am writing from {city}, where I moved {time}.", "My name does not matter, I just need to tell someone.",
    "A friend called {first} said that I should ask.", "Something has been on my mind {time}.",
    "I keep starting this message and deleting it.", "Sorry if this is long.",
    "I work {number} shifts a fortnight and still feel behind.", "It has been a hard stretch {time}.",
    "I am not sure whether this counts as a problem.", "{first} from my group thinks that I should talk about it.",
)  # fmt: skip

TROUBLES = (
    "{time} I {event}, and {place} I still feel {feeling}.",
    "{person} says that I have changed {time}, and maybe that is true.",
    "When {person} raises their voice {place}, {body} and I go quiet.",
    "I used to love {thing}, but {time} I find excuses not to go.",
    "It takes me {hour} to {task}, and then I am {feeling} for the rest of the day.",
    "{person} and I argue about money {time}, mostly {place}.",
    "{body} {time}, mostly {place}.",
    "I tell myself that {belief}, and then I cannot {task}.",
    "We {event} {time} and nobody at home talks about it.",
    "I compare myself with {person} all the time and come out worse.",
    "There is a distance between me and {person} that I cannot explain.",
    "Since I {event}, {thing} is the only thing that calms me for {hour}.",
    "I am afraid that {person} will leave if I say how {feeling} I am.",
    "{place} I smile, and {place} I fall apart, and I keep both apart with great effort.",
    "I have {number} unread letters on the table and cannot {task}.",
    "{person} depends on me, and I have nobody to depend on {time}.",
    "My doctor found nothing, yet {body} and {body}.",
    "I miss {thing} and the people I met there, and I miss who I was {time}.",
    "I keep going over what {person} said {place}, word by word.",
    "Part of me believes that {belief}.",
    "I get {feeling} when the phone rings, even when it is {person}.",
    "The children notice that I am {feeling}, and that hurts most.",
    "I planned to {task} {time}, and instead I lay on the floor for {hour}.",
    "{first} asked me how I was, and I nearly told the truth.",
    "I have {number} good days and then one evening that undoes them.",
    "I drink a bit more than I did {time}, never a lot, but it worries {person}.",
)  # fmt: skip

QUESTIONS = (
    "How do I tell {person} without a fight?", "Is it normal to feel {feeling} for so long?",
    "What could I try so that I can {task} again?", "How do people get over it when they {event}?",
    "Should I talk to someone about the way {body}?", "How can I be there for {person} and not lose myself?",
    "Where would you begin?", "How do I stop believing that {belief}?", "Is there a way back to {thing}?",
    "What do I say the next time it happens {place}?", "Does it get easier?", "Am I asking too much of {person}?",
)  # fmt: skip

EMPATHY = (
    "That sounds exhausting, and it makes sense that you feel {feeling}.",
    "I am sorry that you have carried this {time}.",
    "Thank you for putting this into words; that took courage.",
    "It is painful when {person} is part of what hurts.",
    "Anyone who {event} would need time, and you have had little of it.",
    "I can hear how much {person} matters to you, and how {feeling} you are.",
    "Feeling {feeling} after all of this is not a failure.",
    "What you describe {place} sounds lonely.",
)  # fmt: skip

REFLECTIONS = (
    "You say that {belief}, and at the same time you keep showing up for {person}.",
    "It seems that {place} you hold yourself together, and that it costs you.",
    "If I follow you, the hardest part comes {time}.",
    "So when you try to {task}, {body} first, and the thoughts come after.",
    "I notice that you mention {thing} twice; there is something alive there.",
    "Part of you wants closeness with {person}, and part of you braces for the next quarrel.",
    "It sounds as if the day that you {event} is still very near.",
    "You describe {number} worries at once, and each would be enough.",
)  # fmt: skip

STEPS = (
    "You could begin small: {hour} of {thing}, without any aim.",
    "Some people write down the thought that {belief} and then what a kind friend would answer.",
    "Before you talk with {person}, it can help to decide on one sentence that you want to be heard.",
    "When {body}, try to breathe out longer than in, for a minute or two.",
    "Perhaps choose one task, to {task}, and let the others wait until tomorrow.",
    "It may help to tell {person} how you feel {place}, at a calm moment and not in the middle of it.",
    "A counsellor near {city} could look at the sleep and the worry together with you.",
    "Keep a short note {time} of what came before you felt {feeling}; patterns show after a week or two.",
    "You do not have to earn rest; {hour} without a screen is a fair start.",
    "Ask {first}, or anyone whom you trust, to go with you the first time.",
    "If it stays like this for {number} more weeks, your family doctor is a good next step.",
    "Set a limit that you can keep: {person} may be upset, and that can be survived.",
    "Going back to {thing} for {hour} is not a cure, but it gives the week a shape.",
)  # fmt: skip

SUPPORT = (
    "You are not alone with this.", "I am here if you want to go on.", "We can take this one step at a time.",
    "What would feel possible this week?", "Which part would you like to look at first?",
    "How has {person} reacted so far?", "When did you last have {hour} that felt like your own?",
    "What was different on the {number} good days?", "Would you like to try that before we talk again?",
)  # fmt: skip

FOLLOW_UPS = (
    "I tried that {time}, and {place} it went better than I feared.",
    "It is hard to believe, because {person} always said that {belief}.",
    "Yes, I think {thing} could be a start.", "I did not sleep much, {body} again.",
    "I told {person} a little, and they listened for {hour}.",
    "I am still {feeling}, but less than {time}.", "No, I have never said that to anyone {place}.",
    "That is it exactly: I cannot {task}, and then I blame myself.",
    "I wrote down {number} things, and most were about {person}.",
    "Maybe I am more {feeling} than I admit.",
)  # fmt: skip

CRISIS = (
    "I don't want to be alive anymore.", "I keep thinking that everyone would be better off without me.",
    "I want to kill myself and I have not told anyone.", "I have written goodbye letters to my kids.",
    "I am going to end my life tonight.", "I can't go on living like this, I want to die.",
    "I have a plan to end it and I know when.", "I have started hurting myself again and I cannot stop.",
    "Sometimes I wish I would just not wake up.", "I am thinking about suicide every single day.",
    "I tried to take my own life last month and I am afraid I will try again.",
)  # fmt: skip

CRISIS_REPLIES = (
    "I am really glad that you told me. Are you safe right now? If you might act on this, please call your local "
    "emergency number, or a crisis line such as 988 in the US, right away.",
    "Thank you for trusting me with this. Your life matters. Is there someone who can be with you tonight? "
    "Please call emergency services or a crisis line if the thoughts get stronger.",
)  # fmt: skip

# Invented: reserved numbers, names and networks that belong to nobody.
PII = (
    "You can write to me at {first}.{number}@example.org.", "My number is (212) 555-01{digits}, evenings are best.",
    "Call me on 415-555-01{digits} if the line drops.", "They even wrote down my SSN, 219-09-{digits}{digits}.",
    "I paid with card 4111 1111 1111 1111 and regret it.", "It came from 192.0.2.{digits}, whatever that means.",
)  # fmt: skip

TOPICS = (
    "Depression",
    "Anxiety",
    "Relationships",
    "Grief and Loss",
    "Family Conflict",
    "Parenting",
    "Self-esteem",
    "Trauma",
    "Workplace",
    "Anger",
)
TITLES = (
    "How do I talk to {person}?",
    "Feeling {feeling} {time}",
    "I {event} and cannot move on",
    "Why is it so hard to {task}?",
    "{person} and me",
)
INSTRUCTIONS = (
    "You are a supportive listener. Answer the message with warmth.", "Reply as a counsellor would.",
    "Write a kind and practical answer.", "Respond to the person with empathy and one next step.",
)  # fmt: skip
