"""HTML forms."""

import pytest
from brubeck.dictshield import (
    BooleanField,
    Document,
    EmbeddedDocument,
    Form,
    FormPunch,
    IntField,
    ShieldException,
    StringField,
    UUIDField,
)


class User(Document):
    _private_fields = ["hidden"]

    first_name = StringField(required=True)
    age = IntField(min_value=18)
    password = StringField()
    ok = BooleanField()
    hidden = StringField()


class Page(Document):
    title = StringField()


class Part(EmbeddedDocument):
    title = StringField()


def test_a_blank_form():
    assert Form(Page).as_p() == '<p>Title: <input type="text" name="title" /></p>'
    assert Form(Page).as_div() == (
        '<div>\n    <label>Title:</label>\n    <input type="text" name="title" />\n</div>\n'
    )


def test_labels_types_and_order():
    lines = Form(User).as_p().split("\n")

    assert lines == [
        '<p>First Name: <input type="text" name="first_name" /></p>',
        '<p>Age: <input type="text" name="age" /></p>',
        '<p>Password: <input type="password" name="password" /></p>',
        '<p>Ok: <input type="radio" name="ok" /></p>',
    ]


def test_classes():
    form = Form(Page).as_div(
        Page(title="Take Five"), div_class="forms_row", label_class="forms_label", input_class="forms_value"
    )

    assert form == (
        '<div class="forms_row">\n'
        '    <label class="forms_label">Title:</label>\n'
        '    <input class="forms_value" type="text" name="title" value="Take Five" />\n'
        "</div>\n"
    )
    assert Form(Page).as_p(p_class="a", input_class="b").startswith('<p class="a">Title: <input class="b" ')


def test_everything_is_escaped():
    written = Form(Page).as_p({"title": '"><script>'}, p_class='"', errors={"title": "<b>"})

    assert written == (
        '<p class="&quot;">Title: <input type="text" name="title" value="&quot;&gt;&lt;script&gt;" />'
        ' <span class="error">&lt;b&gt;</span></p>'
    )


def test_passwords_are_not_written_out_and_boxes_are_checked():
    written = Form(User).as_p({"password": "secret", "ok": True, "age": 0, "first_name": ""})

    assert "secret" not in written
    assert 'name="ok" value="True" checked />' in written
    assert 'name="first_name" />' in written


def test_what_was_sent_comes_back_with_its_errors():
    sent = {"age": "3"}
    with pytest.raises(ShieldException) as caught:
        User.validate_class_fields(sent)
    written = Form(User).as_p(sent, errors=caught.value).split("\n")

    assert written[0].endswith('name="first_name" /> <span class="error">Required field missing</span></p>')
    assert written[1].endswith('value="3" /> <span class="error">Int value below min_value: 18</span></p>')


def test_errors_as_a_list():
    errors = User.validate_class_fields({"age": "3"}, validate_all=True)

    assert Form(User).as_div(errors=errors).count('<span class="error">') == 2


@pytest.mark.parametrize("zero", [0, 0.0])
def test_zero_is_a_value(zero):
    """0 equals False, and was shown as nothing."""
    written = Form(User).as_p({"age": zero, "ok": zero})

    assert f'name="age" value="{zero}" />' in written
    assert 'name="ok" />' in written


def test_errors_of_no_field_stand_before_all_fields():
    """They raised IndexError: their path is empty."""
    refusal = ShieldException("Not <so>")

    for errors in (refusal, [refusal], refusal.as_dict()):
        assert Form(Page).as_p(errors=errors, p_class="a") == (
            '<p class="a"><span class="error">Not &lt;so&gt;</span></p>\n'
            '<p class="a">Title: <input type="text" name="title" /></p>'
        )
        assert (
            Form(Page)
            .as_div(errors=errors)
            .startswith('<div>\n    <span class="error">Not &lt;so&gt;</span>\n</div>\n\n<div>\n    <label>')
        )


def test_fields_can_be_left_out_and_shown():
    assert Form(User).as_div(skip_fields=["age", "ok", "password"]).count("<div>") == 1
    assert 'name="hidden"' in Form(User, private_fields=["age"]).as_p()
    assert 'name="age"' not in Form(User, private_fields=["age"]).as_p()


def test_an_id_of_another_name_is_in_no_form():
    class Keyed(Document):
        pk = UUIDField(id_field=True)
        name = StringField()

    assert 'name="pk"' not in Form(Keyed).as_p() + Form(Keyed, private_fields=["x"]).as_p()


def test_types_of_ones_own():
    written = Form(User, field_map={"IntField": "number"}, name_map={"first_name": "email"}).as_p()

    assert '<input type="number" name="age" />' in written
    assert '<input type="email" name="first_name" />' in written


@pytest.mark.parametrize("model", [Part, User(), 3])
def test_only_documents_have_forms(model):
    with pytest.raises(FormPunch, match="<model> argument must be top level DictShield class"):
        Form(model)


@pytest.mark.parametrize("values", [3, Page(title="x")])
def test_values_of_something_else(values):
    with pytest.raises(FormPunch, match="<values> argument must match"):
        Form(User).as_div(values)
