"""The four engines pass the suite that a third party's engine passes."""

import pytest
from brubeck.templating import Jinja2Rendering, MakoRendering, MustacheRendering, TornadoRendering
from brubeck.testing import RendererContract

pytest.importorskip("jinja2", reason="the contract runs with every extra installed")


class TestJinja2(RendererContract):
    renderer = Jinja2Rendering
    streams = True
    inheritance = {
        "frame.html": "<b>Take {% block title %}{% endblock %}</b>",
        "page.html": "{% extends 'frame.html' %}{% block title %}{{ name }}{% endblock %}",
    }
    partials = {"page.html": "<b>Take {% include 'part.html' %}</b>", "part.html": "{{ name }}"}


class TestTornado(RendererContract):
    renderer = TornadoRendering
    knows_markup = False
    inheritance = {
        "frame.html": "<b>Take {% block title %}{% end %}</b>",
        "page.html": "{% extends 'frame.html' %}{% block title %}{{ name }}{% end %}",
    }
    partials = {"page.html": "<b>Take {% include 'part.html' %}</b>", "part.html": "{{ name }}"}


class TestMako(RendererContract):
    renderer = MakoRendering
    expression = "${%s}"
    broken = "${name"
    inheritance = {
        "frame.html": "<b>Take ${next.body()}</b>",
        "page.html": "<%inherit file='frame.html'/>${name}",
    }
    partials = {"page.html": "<b>Take <%include file='part.html'/></b>", "part.html": "${name}"}


class TestMustache(RendererContract):
    renderer = MustacheRendering
    broken = "{{#name}}"
    failing = ""
    static = "{{#static_url}}site.css{{/static_url}}"
    partials = {"page.html": "<b>Take {{> part }}</b>", "part.mustache": "{{ name }}"}
