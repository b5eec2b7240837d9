package main

import (
	"fmt"
	"strings"
)

func norwegian() locale {
	return locale{
		weight: 50, householdFmt: "Familien %s",
		family: []string{"Hansen", "Johansen", "Olsen", "Ødegård", "Bøe", "Solbakken", "Åsen", "Lund", "Haugen", "Fjellstad"},
		given:  []string{"Ingrid", "Bjørn", "Sigrid", "Åse", "Magnus", "Tuva", "Sindre", "Håkon", "Ragnhild", "Emil", "Nora", "Øyvind"},
	}
}

func swedish() locale {
	return locale{
		weight: 20, householdFmt: "Familjen %s",
		family: []string{"Lindqvist", "Bergström", "Åkesson", "Sjögren", "Öberg", "Nyström"},
		given:  []string{"Elsa", "Göran", "Maja", "Björn", "Astrid", "Nils", "Märta", "Oskar"},
	}
}

func finnish() locale {
	return locale{
		weight: 10, householdFmt: "%s",
		family: []string{"Mäkinen", "Korhonen", "Hämäläinen", "Järvinen"},
		given:  []string{"Aino", "Väinö", "Eetu", "Päivi", "Onni", "Helmi"},
	}
}

func polish() locale {
	return locale{
		weight: 12, householdFmt: "Rodzina %s",
		family: []string{"Wójcik", "Kowalczyk", "Zając", "Gołąb", "Żak"},
		given:  []string{"Małgorzata", "Łukasz", "Zofia", "Paweł", "Agnieszka", "Jędrzej"},
	}
}

func arabic() locale {
	return locale{
		weight: 8, householdFmt: "عائلة %s",
		family: []string{"الخطيب", "حداد", "المصري", "درويش"},
		given:  []string{"ليلى", "يوسف", "مريم", "عمر", "سارة", "خالد"},
		latin: map[string]string{
			"ليلى": "Layla", "يوسف": "Yousef", "مريم": "Maryam", "عمر": "Omar", "سارة": "Sara", "خالد": "Khaled",
		},
	}
}

func spanish() locale {
	return locale{
		weight: 55, householdFmt: "Familia %s",
		family: []string{"García", "Muñoz", "Ibáñez", "Fernández", "Peña", "López", "Núñez", "Aragón", "Domínguez", "Cortés"},
		given:  []string{"Lucía", "José", "María", "Íñigo", "Begoña", "Álvaro", "Sofía", "Martín", "Paula", "Andrés", "Iria", "Raúl"},
	}
}

func catalan() locale {
	return locale{
		weight: 20, householdFmt: "Família %s",
		family: []string{"Puigdomènech", "Ferrer", "Solà", "Vilaró", "Gràcia"},
		given:  []string{"Núria", "Jordi", "Mercè", "Oriol", "Laia", "Pol"},
	}
}

func romanian() locale {
	return locale{
		weight: 13, householdFmt: "Familia %s",
		family: []string{"Ionescu", "Țurcanu", "Drăgulescu", "Bălan"},
		given:  []string{"Ștefan", "Ioana", "Mihăiță", "Ana", "Răzvan"},
	}
}

func chinese() locale {
	return locale{
		weight: 12, householdFmt: "%s家", familyFirst: true, noSpace: true,
		family: []string{"陈", "林", "黄", "欧阳"},
		given:  []string{"伟", "美玲", "志强", "晓雯", "子涵"},
		latin:  map[string]string{"伟": "Wei", "美玲": "Meiling", "志强": "Zhiqiang", "晓雯": "Xiaowen", "子涵": "Zihan"},
	}
}

func japanese() locale {
	return locale{
		weight: 80, householdFmt: "%s家", familyFirst: true,
		family: []string{"佐藤", "鈴木", "髙橋", "渡邉", "伊藤", "山﨑", "小林", "五十嵐", "長谷川"},
		given:  []string{"健太", "さくら", "陽菜", "大輔", "美咲", "翔", "ひろし", "真由美", "蓮", "結衣"},
		latin: map[string]string{
			"健太": "Kenta", "さくら": "Sakura", "陽菜": "Hina", "大輔": "Daisuke", "美咲": "Misaki",
			"翔": "Sho", "ひろし": "Hiroshi", "真由美": "Mayumi", "蓮": "Ren", "結衣": "Yui",
		},
	}
}

func korean() locale {
	return locale{
		weight: 10, householdFmt: "%s씨 댁", familyFirst: true, noSpace: true,
		family: []string{"김", "이", "박", "최"},
		given:  []string{"민준", "서연", "지훈", "하은", "영희"},
		latin:  map[string]string{"민준": "Minjun", "서연": "Seoyeon", "지훈": "Jihun", "하은": "Haeun", "영희": "Younghee"},
	}
}

func brazilian() locale {
	return locale{
		weight: 10, householdFmt: "Família %s",
		family: []string{"Nakamura Souza", "Gonçalves", "da Conceição", "Araújo"},
		given:  []string{"João", "Letícia", "Mateus", "Conceição", "Fábio"},
	}
}

func ukrainian() locale {
	return locale{
		weight: 65, householdFmt: "Родина %s",
		family: []string{"Шевченко", "Коваленко", "Бондаренко", "Ткачук", "Гриценко", "Їжакевич", "Лук’яненко"},
		given:  []string{"Олена", "Андрій", "Ганна", "Юрій", "Софія", "Тарас", "Оксана", "Богдан", "Злата", "Ігор"},
		latin: map[string]string{
			"Олена": "Olena", "Андрій": "Andrii", "Ганна": "Hanna", "Юрій": "Yurii", "Софія": "Sofiia",
			"Тарас": "Taras", "Оксана": "Oksana", "Богдан": "Bohdan", "Злата": "Zlata", "Ігор": "Ihor",
		},
	}
}

func greek() locale {
	return locale{
		weight: 12, householdFmt: "Οικογένεια %s",
		family: []string{"Παπαδοπούλου", "Νικολαΐδης", "Γεωργίου"},
		given:  []string{"Ελένη", "Γιώργος", "Κατερίνα", "Σπύρος"},
		latin:  map[string]string{"Ελένη": "Eleni", "Γιώργος": "Giorgos", "Κατερίνα": "Katerina", "Σπύρος": "Spyros"},
	}
}

func georgian() locale {
	return locale{
		weight: 8, householdFmt: "%s",
		family: []string{"ბერიძე", "კაპანაძე", "გელაშვილი"},
		given:  []string{"ნინო", "გიორგი", "თამარი", "ლუკა"},
		latin:  map[string]string{"ნინო": "Nino", "გიორგი": "Giorgi", "თამარი": "Tamari", "ლუკა": "Luka"},
	}
}

func hebrew() locale {
	return locale{
		weight: 8, householdFmt: "משפחת %s",
		family: []string{"כהן", "לוי", "אברהמי"},
		given:  []string{"נועה", "איתן", "תמר", "דוד"},
		latin:  map[string]string{"נועה": "Noa", "איתן": "Eitan", "תמר": "Tamar", "דוד": "David"},
	}
}

func hindi() locale {
	return locale{
		weight: 7, householdFmt: "%s परिवार",
		family: []string{"शर्मा", "पटेल", "त्रिवेदी"},
		given:  []string{"आरव", "दीया", "प्रिया", "अर्जुन"},
		latin:  map[string]string{"आरव": "Aarav", "दीया": "Diya", "प्रिया": "Priya", "अर्जुन": "Arjun"},
	}
}

// fullName writes a person's name the way their language does.
func (l locale) fullName(family, given string) string {
	switch {
	case l.noSpace:
		return family + given
	case l.familyFirst:
		return family + " " + given
	default:
		return given + " " + family
	}
}

// household names the whole family, as on the bill.
func (l locale) household(family string) string { return fmt.Sprintf(l.householdFmt, family) }

// ascii gives a given name in the letters that a hostname may hold.
func (l locale) ascii(given string) string {
	if latin, ok := l.latin[given]; ok {
		return latin
	}
	return foldLatin().Replace(given)
}

// foldLatin takes the diacritics off the letters that the names above use.
func foldLatin() *strings.Replacer {
	return strings.NewReplacer(
		"á", "a", "ã", "a", "ă", "a", "â", "a", "ä", "a", "å", "a", "Å", "A", "Á", "A", "ą", "a", "à", "a",
		"é", "e", "è", "e", "ê", "e", "ę", "e", "ö", "o", "ø", "o", "Ø", "O", "ó", "o", "õ", "o", "ô", "o",
		"í", "i", "Í", "I", "ú", "u", "ü", "u", "ñ", "n", "ç", "c", "ł", "l", "Ł", "L", "ș", "s", "Ș", "S",
		"ț", "t", "Ț", "T", "ş", "s", "ż", "z", "ź", "z", "ś", "s", "ć", "c", "ń", "n",
	)
}

// genitive is the Norwegian one, which has an apostrophe only after an s sound.
func genitive(name string) string {
	if strings.HasSuffix(name, "s") || strings.HasSuffix(name, "x") || strings.HasSuffix(name, "z") {
		return name + "’"
	}
	return name + "s"
}
