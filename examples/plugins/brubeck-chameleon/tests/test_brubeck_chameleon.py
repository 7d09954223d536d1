from brubeck.testing import RendererContract
from brubeck_chameleon import ChameleonRendering


class TestChameleon(RendererContract):
    renderer = ChameleonRendering
    expression = "${%s}"
    broken = "<p>${name +}</p>"
    switches_off = False  # Chameleon escapes all but `${structure: …}`
    inheritance = {
        "frame.html": "<b>Take <metal:b define-slot='b'/></b>",
        "page.html": "<b metal:use-macro='load: frame.html'><metal:b fill-slot='b'>${name}</metal:b></b>",
    }
