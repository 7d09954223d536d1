"""The names of DictShield 0.4.4, as `inspect` found them there: module -> owner -> members.

A member that ends in ``=`` is an argument of the constructor. The owner ``-`` has the module's functions and
values. Left out: what a module imports, and the methods that every class has.
"""

NAMES = {
    "base": {
        "-": "subclass_exception",
        "DictPunch": "",
        "InvalidShield": "",
        "ShieldException": "reason field_name field_value reason= field_name= field_value= __str__",
        "ShieldDocException": "doc error_list doc_name= error_list= __str__",
    },
    "document": {
        "-": "swap_field diff_id_field schema_kwargs_to_dictshield _gen_options _parse_meta_config",
        "BaseDocument": "__contains__ __eq__ __getitem__ __init__ __iter__ __len__ __repr__ __setitem__ __str__ "
        "_data _fields _class_name _superclasses _options _get_subclasses _to_fields for_jsonschema "
        "from_jsonschema map_jsonschema_field_to_dictshield to_json to_jsonschema to_python validate",
        "Document": "__optionsclass__ id",
        "EmbeddedDocument": "__optionsclass__",
        "DocumentMetaclass": "",
        "TopLevelDocumentMetaclass": "_to_fields to_python to_json __str__",
        "DocumentOptions": "mixin _parse_kwargs_dict",
        "TopLevelDocumentOptions": "id_field id_options bucket",
        "SafeableMixin": "_internal_fields _private_fields _public_fields _get_internal_fields make_safe "
        "make_ownersafe make_publicsafe make_json_ownersafe make_json_publicsafe validate_class_fields "
        "validate_class_partial _validate_helper _gen_handle_exception _gen_handle_class_field",
        "_meta": "allow_inheritance",
        "_cls": "",
        "_types": "",
    },
    "fields": {"-": "dictshield_fields", "DictFieldNotFound": ""},
    "fields.base": {
        "BaseField": "uniq_field= field_name= required= default= id_field= validation= choices= description= "
        "minimized_field_name= owner_document __get__ __set__ validate _validate for_python for_json "
        "for_jsonschema _jsonschema_default _jsonschema_description _jsonschema_title _jsonschema_type "
        "_jsonschema_required",
        "BaseFieldMetaClass": "",
        "BooleanField": "validate for_python",
        "DateTimeField": "format= iso8601_to_date date_to_iso8601 validate for_json for_python __set__",
        "DecimalField": "min_value= max_value= validate for_json for_python",
        "DictField": "basecls= lookup_member validate",
        "EmailField": "EMAIL_REGEX validate",
        "FloatField": "min_value= max_value=",
        "GeoPointField": "validate _jsonschema_items _jsonschema_maxLength _jsonschema_minLength",
        "IntField": "min_value= max_value= _jsonschema_type",
        "JsonHashMixin": "",
        "JsonNumberMixin": "",
        "LongField": "min_value= max_value=",
        "MD5Field": "hash_length validate",
        "NumberField": "number_class= number_type= min_value= max_value= validate for_python __set__",
        "SHA1Field": "hash_length validate",
        "StringField": "regex= max_length= min_length= validate for_python lookup_member _jsonschema_maxLength "
        "_jsonschema_minLength _jsonschema_pattern",
        "URLField": "verify_exists= URL_REGEX validate _jsonschema_format",
        "UUIDField": "auto_fill= validate for_json __set__",
        "_from_jsonschema_types": "",
        "_from_jsonschema_formats": "",
    },
    "fields.compound": {
        "-": "RECURSIVE_REFERENCE_CONSTANT",
        "EmbeddedDocumentField": "document_type= document_type document_type_obj lookup_member validate "
        "for_python for_json for_jsonschema __set__",
        "ListField": "fields= primary_embedded= fields primary_embedded for_output_format owner_document validate "
        "for_python for_json __set__ _jsonschema_items _get_owner_document _set_owner_document",
        "MultiValueDictField": "basecls= validate for_json __set__",
        "SortedListField": "field= ordering= _ordering for_python for_json for_thing",
    },
    "fields.mongo": {"ObjectIdField": "auto_fill= validate for_python for_json __set__"},
    "fields.temporal": {"TimeStampField": "timestamp_to_date date_to_timestamp for_json __set__"},
    "forms": {
        "-": "default_field_map default_name_map",
        "Form": "model= private_fields= field_map= name_map= as_p as_div _model _class_name _hidden_fields "
        "_field_map _name_map _included_fields _format_loop _class_str _value_str",
        "FormPunch": "",
    },
    "datastructures": {
        "MultiValueDict": "key_to_list_mapping= __copy__ __deepcopy__ __getitem__ __setitem__ __repr__ "
        "__getstate__ __setstate__ appendlist copy dict get getlist items iteritems iterlists itervalues lists "
        "setdefault setlist setlistdefault update values",
        "MultiValueDictKeyError": "",
    },
}
