"""Who speaks: every word that sources use for a role, and the role it means."""

from typing import Any

from streams.records import Role

_WORDS: dict[Role, str] = {
    Role.SYSTEM: "system developer",
    # the help-seeker's side
    Role.USER: "user human client seeker help_seeker speaker student patient prompter "
    "来访者 求助者 患者 用户",
    # the supporter's side; a call that the assistant makes is its own turn, what comes back is the tool's
    Role.ASSISTANT: "assistant gpt bot counselor counsellor therapist supporter listener agent doctor "
    "ai model chatbot chatgpt psychologist function_call tool_call "
    "咨询师 心理咨询师 医生 心理医生 助手",
    Role.TOOL: "tool function observation tool_response",
}
ROLES: dict[str, Role] = {word: role for role, words in _WORDS.items() for word in words.split()}


def role_of(name: Any) -> Role | None:
    """The role that a source's word names, in any case; None where the word is in no list."""
    if type(name) is not str:
        return None
    return ROLES.get(name) or ROLES.get(name.strip().lower().replace(" ", "_").replace("-", "_"))
