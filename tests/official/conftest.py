"""The home that these tests share with the gateway's own."""

from tests.edges.mcp.conftest import home as home
