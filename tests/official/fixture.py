"""The server that the official suite wants to see, on the second Python SDK: both protocol generations over stdio."""

from __future__ import annotations

import anyio
import mcp_types as types
from mcp import MCPError
from mcp.server.caching import CacheHint
from mcp.server.lowlevel import Server
from mcp.server.request_state import RequestStateBoundary, RequestStateSecurity
from mcp.server.stdio import stdio_server

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=="
WAV = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAAAAA=="
IMAGE = {"data": PNG, "mimeType": "image/png", "type": "image"}


def text(said):
    """One text block."""
    return {"text": said, "type": "text"}


def resource(uri, media, said):
    """One embedded resource."""
    return {"resource": {"mimeType": media, "text": said, "uri": uri}, "type": "resource"}


#: Tool → its content.
SIMPLE = {
    "test_simple_text": [text("This is a simple text response for testing.")],
    "test_image_content": [IMAGE],
    "test_audio_content": [{"data": WAV, "mimeType": "audio/wav", "type": "audio"}],
    "test_embedded_resource": [
        resource("test://embedded-resource", "text/plain", "This is an embedded resource content.")
    ],
    "test_multiple_content_types": [
        text("Multiple content types test:"),
        IMAGE,
        resource("test://mixed-content-resource", "application/json", '{"test":"data","value":123}'),
    ],
    "json_schema_2020_12_tool": [text("ok")],
}
RICH = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
        "address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        }
    },
    "properties": {
        "name": {"type": "string"},
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": {"type": "string"},
        "email": {"type": "string"},
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
}


def form(message, **kinds):
    """An elicitation."""
    schema = {"properties": {k: {"type": v} for k, v in kinds.items()}, "required": list(kinds), "type": "object"}
    return {"method": "elicitation/create", "params": {"message": message, "requestedSchema": schema}}


def sample(prompt, most):
    """A request to the client's model."""
    return {
        "method": "sampling/createMessage",
        "params": {"maxTokens": most, "messages": [{"content": text(prompt), "role": "user"}]},
    }


NAME, ROOTS = form("What is your name?", name="string"), {"method": "roots/list", "params": {}}
PREFIX = "test_input_required_result_"
#: Tool or prompt → its rounds: what each asks, and the state it hands out.
ROUNDS = {
    "elicitation": [({"user_name": NAME}, None)],
    "sampling": [({"capital_question": sample("What is the capital of France?", 100)}, None)],
    "list_roots": [({"client_roots": ROOTS}, None)],
    "request_state": [({"confirm": form("Please confirm", ok="boolean")}, "one")],
    "tampered_state": [({"confirm": form("Please confirm", ok="boolean")}, "one")],
    "capabilities": [({"question": sample("Say yes", 10)}, None)],
    "multiple_inputs": [
        ({"user_name": NAME, "greeting": sample("Generate a greeting", 50), "client_roots": ROOTS}, "one")
    ],
    "multi_round": [
        ({"step1": form("Step 1: What is your name?", name="string")}, "one"),
        ({"step2": form("Step 2: What is your favorite color?", color="string")}, "two"),
    ],
    "prompt": [({"user_context": form("What context should the prompt use?", context="string")}, None)],
}
CHOICES = [{"const": f"value{n}", "title": f"Choice {n}"} for n in (1, 2, 3)]
OPTIONS = [f"option{n}" for n in (1, 2, 3)]
FORMS = {
    "test_elicitation_sep1034_defaults": {
        "name": {"type": "string", "default": "John Doe"},
        "age": {"type": "integer", "default": 30},
        "score": {"type": "number", "default": 95.5},
        "status": {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
        "verified": {"type": "boolean", "default": True},
    },
    "test_elicitation_sep1330_enums": {
        "untitledSingle": {"type": "string", "enum": OPTIONS},
        "titledSingle": {"type": "string", "oneOf": CHOICES},
        "legacyEnum": {"type": "string", "enum": ["opt1", "opt2"], "enumNames": ["Option One", "Option Two"]},
        "untitledMulti": {"type": "array", "items": {"type": "string", "enum": OPTIONS}},
        "titledMulti": {"type": "array", "items": {"anyOf": CHOICES}},
    },
    "test_elicitation": {"username": {"type": "string"}, "email": {"type": "string"}},
}
OTHER = ("test_tool_with_logging", "test_tool_with_progress", "test_error_handling", "test_missing_capability")
ARGUMENTS = {"test_sampling": "prompt", "test_elicitation": "message"}


def round_of(name, params):
    """The round that is due; None if all have been answered."""
    due = 0
    for number, (asked, state) in enumerate(ROUNDS[name]):
        if params.input_responses and set(asked) <= set(params.input_responses) and params.request_state == state:
            due = number + 1
    if due == len(ROUNDS[name]):
        return None
    asked, state = ROUNDS[name][due]
    wire = {"inputRequests": asked, "resultType": "input_required", **({"requestState": state} if state else {})}
    return types.InputRequiredResult.model_validate(wire)


async def call(ctx, params):
    """Every tool."""
    name = params.name
    if name.startswith(PREFIX):
        return round_of(name.removeprefix(PREFIX), params) or said(f"state-ok {params.input_responses}")
    if name in FORMS:
        message = (params.arguments or {}).get("message", "Please fill in")
        answer = await ctx.session.elicit_form(message, {"properties": FORMS[name], "type": "object"}, ctx.request_id)
        return said(f"Elicitation completed: action={answer.action}, content={answer.content}")
    if name == "test_sampling":
        content = types.TextContent(type="text", text=params.arguments["prompt"])
        messages = [types.SamplingMessage(role="user", content=content)]
        answer = await ctx.session.create_message(messages, max_tokens=100, related_request_id=ctx.request_id)
        return said(f"LLM response: {answer.content.text}")
    if name == "test_missing_capability" and ctx.session.client_capabilities.sampling is None:
        data = {"requiredCapabilities": {"sampling": {}}}
        raise MCPError(types.MISSING_REQUIRED_CLIENT_CAPABILITY, "sampling is needed", data)
    if name == "test_error_handling":
        return said("This tool intentionally returns an error for testing", failed=True)
    for step in (0, 50, 100):
        if name == "test_tool_with_progress":
            await ctx.session.report_progress(step, 100)
        elif name == "test_tool_with_logging":
            await ctx.session.send_log_message("info", f"Tool execution at {step}", related_request_id=ctx.request_id)
        else:
            break
        await anyio.sleep(0.05)
    return types.CallToolResult.model_validate({"content": SIMPLE.get(name, [text("done")])})


def said(words, failed=False):
    """A result of one text."""
    return types.CallToolResult.model_validate({"content": [text(words)], "isError": failed})


async def tools(ctx, params):
    """The list of all."""
    names = [*SIMPLE, *(PREFIX + n for n in ROUNDS if n != "prompt"), *FORMS, "test_sampling", *OTHER]
    schemas = {n: {"properties": {a: {"type": "string"}}, "type": "object"} for n, a in ARGUMENTS.items()}
    schemas["json_schema_2020_12_tool"] = RICH
    listed = [{"description": n, "inputSchema": schemas.get(n, {"type": "object"}), "name": n} for n in names]
    return types.ListToolsResult.model_validate({"tools": listed})


async def resources(ctx, params):
    """Two of them."""
    kinds = {"static-text": "text/plain", "static-binary": "image/png", "watched-resource": "text/plain"}
    listed = [{"description": n, "mimeType": m, "name": n, "uri": f"test://{n}"} for n, m in kinds.items()]
    return types.ListResourcesResult.model_validate({"resources": listed})


async def templates(ctx, params):
    """One."""
    one = {
        "description": "d",
        "mimeType": "application/json",
        "name": "data",
        "uriTemplate": "test://template/{id}/data",
    }
    return types.ListResourceTemplatesResult.model_validate({"resourceTemplates": [one]})


async def read(ctx, params):
    """What stands in one."""
    uri = str(params.uri)
    if uri == "test://static-binary":
        content = {"blob": PNG, "mimeType": "image/png"}
    elif uri == "test://static-text":
        content = {"mimeType": "text/plain", "text": "This is the content of the static text resource."}
    elif uri.startswith("test://template/"):
        id = uri.split("/")[3]
        body = f'{{"id":"{id}","templateTest":true,"data":"Data for ID: {id}"}}'
        content = {"mimeType": "application/json", "text": body}
    else:
        raise MCPError(types.INVALID_PARAMS, "Resource not found", {"uri": uri})
    return types.ReadResourceResult.model_validate({"contents": [{"uri": uri, **content}]})


async def prompts(ctx, params):
    """The list of all."""
    arguments = {
        "test_simple_prompt": [],
        "test_prompt_with_arguments": ["arg1", "arg2"],
        "test_prompt_with_embedded_resource": ["resourceUri"],
        "test_prompt_with_image": [],
        PREFIX + "prompt": [],
    }
    listed = [
        {"arguments": [{"name": a, "required": True} for a in named], "description": name, "name": name}
        for name, named in arguments.items()
    ]
    return types.ListPromptsResult.model_validate({"prompts": listed})


async def prompt(ctx, params):
    """One of them."""
    given = params.arguments or {}
    if params.name == PREFIX + "prompt" and (asked := round_of("prompt", params)):
        return asked
    blocks = {
        "test_prompt_with_arguments": [
            text(f"Prompt with arguments: arg1='{given.get('arg1')}', arg2='{given.get('arg2')}'")
        ],
        "test_prompt_with_embedded_resource": [
            resource(given.get("resourceUri", "test://x"), "text/plain", "Embedded resource content for testing."),
            text("Please process the embedded resource above."),
        ],
        "test_prompt_with_image": [IMAGE, text("Please analyze the image above.")],
    }.get(params.name, [text("This is a simple prompt for testing.")])
    return types.GetPromptResult.model_validate({"messages": [{"content": b, "role": "user"} for b in blocks]})


async def complete(ctx, params):
    """Three cities."""
    completion = {"hasMore": False, "total": 150, "values": ["paris", "park", "party"]}
    return types.CompleteResult.model_validate({"completion": completion})


async def nothing(ctx, params):
    """Accepted."""
    return types.EmptyResult()


async def main():
    """Serve until the input ends."""
    cached = ("tools/list", "prompts/list", "resources/list", "resources/templates/list", "resources/read")
    server = Server(
        "fixture",
        version="1",
        cache_hints={method: CacheHint(ttl_ms=1000, scope="private") for method in (*cached, "server/discover")},
        on_call_tool=call,
        on_completion=complete,
        on_get_prompt=prompt,
        on_list_prompts=prompts,
        on_list_resource_templates=templates,
        on_list_resources=resources,
        on_list_tools=tools,
        on_read_resource=read,
        on_subscribe_resource=nothing,
        on_unsubscribe_resource=nothing,
        on_set_logging_level=nothing,
    )
    server.middleware.append(RequestStateBoundary(RequestStateSecurity.ephemeral(), default_audience="fixture"))
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())


anyio.run(main)
