from django import template

from webapp.sentences import in_words

register = template.Library()
register.filter("in_words", in_words)
