"""Chameleon (ZPT) templates for Brubeck: the adapter, the mixin, and the hook that announces it."""

import re

from brubeck.plugins import hookimpl
from brubeck.templating import Engine, Place, Rendering


class ChameleonEngine(Engine):
    """Renders page templates; a macro's file is named with `load:`, from the template folder on."""

    suffixes = (".pt",)

    def make(self):
        """Return a loader over the folders. Chameleon is imported here, when it is used."""
        from chameleon import PageTemplateLoader

        return PageTemplateLoader([str(path) for path in self.folders.paths], **self.options)

    def forget(self):
        """Start over with an empty loader."""
        self.native = self.make()

    def load(self, file):
        """Return a template."""
        return self.native[file]

    def fill(self, template, context):
        """Return a page."""
        return template.render(**context)

    def locate(self, exception, file):
        """Return the line that Chameleon writes into the message of its errors."""
        line = re.search(r"Location: +\(line (\d+)", str(exception))
        return line and Place(str(self.folders.find(file)), int(line[1]))


class ChameleonRendering(Rendering):
    """Renders Chameleon templates.

    Adds: `render_template`, `stream_template`.
    Needs: `template_engine='chameleon'` and `template_dir`.
    Answers: `error_page`.
    """

    provides = ("renderer",)
    engine_name = "chameleon"
    engine_class = ChameleonEngine
    engine_package = "chameleon"


@hookimpl
def brubeck_renderers():
    """Name the renderer, for `Brubeck(template_engine='chameleon')`."""
    return {"chameleon": ChameleonRendering}
